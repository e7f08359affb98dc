import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { DisturbedFederation } from "../support/disturbed-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Agents as a service manager or a person stops them, in the middle of a study.

removeTemporaryFolders();

const SITES = ["one", "two", "three"];
/** The program promises two seconds; a busy machine wakes it late. */
const STOP_MS = 6000;

let federation: DisturbedFederation;
beforeAll(async () => {
  const spec = { rounds: 3, budget: 400, clicks: 1, silenceSeconds: 3600 } as const;
  federation = await DisturbedFederation.start(await temporaryFolder(), SITES, spec);
}, 240_000);
afterAll(() => federation?.stop());

it("agents that are stopped while they train or sum end in two seconds, and the study ends as if nothing had happened", async () => {
  await federation.create("stopped");
  const moments = [
    { site: "one", holds: ['["progress"', '"round":1,'], signal: "SIGINT", status: 130 },
    { site: "two", holds: ['["reply"', '"phase":"shareKeys"', '"round":1,'], signal: "SIGTERM", status: 143 },
    { site: "three", holds: ['["progress"', '"round":2,'], signal: "SIGTERM", status: 143 },
    { site: "one", holds: ['["reply"', '"phase":"unmask"', '"round":3,'], signal: "SIGINT", status: 130 },
  ] as const;
  federation.serveAll();
  for (const { site, holds, signal, status } of moments) {
    let sent = 0;
    await federation.network.once({
      site,
      direction: "toServer",
      holds: [...holds],
      act: "cut-after",
      also: () => {
        sent = performance.now();
        federation.signal(site, signal);
      },
    });
    expect([site, await federation.ended(site)]).toEqual([site, status]);
    expect(performance.now() - sent).toBeLessThan(STOP_MS);
    federation.serve(site);
  }
  const { view, results } = await federation.finish("stopped");
  expect(view.rounds.filter(({ phase }) => phase === "completed").map(({ round }) => round)).toEqual([1, 2, 3]);
  expect(results).toEqual(federation.undisturbed);
});
