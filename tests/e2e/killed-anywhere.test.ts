import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { DisturbedFederation } from "../support/disturbed-federation.js";
import type { StudyView } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Real agents, real training and the real coordinator, each in a process of its own, killed with SIGKILL: alone, or all
// of them together. Whatever is killed, the study ends as if nothing had happened.

removeTemporaryFolders();

const SITES = ["one", "two", "three"];
const ROUNDS = 3;
// The filter bank: what is tried here is the protocol; with the default decoder every life would train a head anew.
const spec = { decoder: "filter-bank", rounds: ROUNDS, budget: 400, clicks: 1, silenceSeconds: 3600 } as const;

let federation: DisturbedFederation;

beforeAll(async () => {
  federation = await DisturbedFederation.start(await temporaryFolder(), SITES, spec);
}, 240_000);
afterEach(() => federation.network.heal());
afterAll(() => federation?.stop());

/** Every round completed with all sites, and no other attempt ended for another reason than these. */
function expectWhole(view: StudyView, codes: readonly string[]): void {
  const completed = view.rounds.filter(({ phase }) => phase === "completed");
  expect(completed.map(({ round }) => round)).toEqual([1, 2, 3]);
  for (const { cohort, survivors, dropOuts } of completed)
    expect([cohort, survivors, dropOuts]).toEqual([[...SITES].sort(), [...SITES].sort(), []]);
  const others = view.rounds.filter(({ phase }) => phase !== "completed");
  expect(others.filter(({ code }) => !codes.includes(code ?? ""))).toEqual([]);
  expect(view.sites.every(({ reported }) => reported)).toBe(true);
}

const says = (event: string, ...holds: string[]) =>
  ({ direction: "toServer", holds: [`["${event}"`, ...holds] }) as const;
const answers = (phase: string, round: number) => says("reply", `"phase":"${phase}"`, `"round":${round},`);

describe("an agent that is killed", () => {
  it("at any point of its work goes on from its disk, and pays for nothing again", async () => {
    await federation.create("agents");
    const moments = [
      { site: "one", ...says("progress", `"round":1,`), act: "cut-after" },
      { site: "two", ...answers("training", 1), act: "cut-before" },
      { site: "three", ...answers("advertiseKeys", 1), act: "cut-after" },
      { site: "one", ...answers("shareKeys", 1), act: "cut-after" },
      { site: "two", ...answers("maskedInput", 2), act: "cut-after" },
      { site: "three", ...answers("consistency", 2), act: "cut-after" },
      { site: "one", ...answers("unmask", 2), act: "cut-before" },
      { site: "two", ...answers("unmask", 3), act: "cut-after" },
      { site: "three", ...says("report"), act: "cut-before" },
      { site: "one", ...says("report"), act: "lose-answer" },
    ] as const;
    const deaths = moments.map(async (moment) => {
      await federation.network.once({ ...moment, also: () => federation.kill(moment.site) });
      expect([moment, await federation.ended(moment.site)]).toEqual([moment, "SIGKILL"]);
      federation.serve(moment.site);
    });
    federation.serveAll();
    await Promise.all(deaths);
    const { view, results } = await federation.finish("agents");
    expectWhole(view, ["TOO_FEW_SITES"]);
    expect(results).toEqual(federation.undisturbed);
  });
});

describe("a coordinator that is killed", () => {
  it("again and again, each life a write longer than the one before, loses nothing", async () => {
    const { coordinator } = federation;
    await federation.create("coordinator");
    let over = false;
    await coordinator.kill();
    federation.serveAll();
    const nurse = (async () => {
      for (let point = 1; !over; point++) {
        await coordinator.start({ point, when: point % 2 === 1 ? "before" : "after" });
        await coordinator.ended;
      }
      await coordinator.start();
    })();
    const finished = federation.finish("coordinator");
    await finished.catch(() => {});
    over = true;
    await coordinator.kill();
    await nurse;
    const { view, results } = await finished;
    expect(coordinator.kills.length).toBeGreaterThan(8);
    expectWhole(view, ["COORDINATOR_RESTARTED"]);
    expect(coordinator.lost).toEqual([]);
    expect(results).toEqual(federation.undisturbed);
  });
});

describe("coordinator and agents that are killed together", () => {
  it("at several moments, and all started again, end as if nothing had happened", async () => {
    const { coordinator, network } = federation;
    await federation.create("together");
    const moments = [
      says("progress", `"round":1,`),
      answers("shareKeys", 1),
      answers("unmask", 2),
      answers("training", 3),
      says("report"),
    ];
    federation.serveAll();
    for (const moment of moments) {
      const gone: Promise<unknown>[] = [];
      const also = () => {
        gone.push(coordinator.kill());
        for (const site of SITES) {
          federation.kill(site);
          gone.push(federation.ended(site));
        }
      };
      await network.once({ ...moment, act: "cut-after", also });
      await Promise.all(gone);
      await coordinator.start();
      federation.serveAll();
    }
    const { view, results } = await federation.finish("together");
    expectWhole(view, ["COORDINATOR_RESTARTED", "TOO_FEW_SITES"]);
    expect(coordinator.lost).toEqual([]);
    expect(results).toEqual(federation.undisturbed);
  });
});
