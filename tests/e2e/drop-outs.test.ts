import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Federation } from "../support/federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Five sites, four of which a round needs. Real processes, killed with SIGKILL in the middle of a round.

removeTemporaryFolders();

const SITES = ["one", "two", "three", "four", "five"];
// The filter bank: what is tried here is the protocol, and the default decoder's head takes five agents' worth of processor.
const spec = { decoder: "filter-bank", rounds: 3, budget: 400, clicks: 1, silenceSeconds: 5 } as const;

let federation: Federation;
afterEach(() => federation?.stop());

async function fiveSites(): Promise<Federation> {
  federation = await Federation.start(await temporaryFolder(), { sites: SITES, images: 15, require: 4, spec });
  for (const site of SITES) federation.serve(site);
  return federation;
}

/** The site is in the middle of training the given round: some of its steps are done. */
async function midRound(round: number): Promise<void> {
  await federation.until(`round ${round} in training`, (state) => {
    const at = state.round;
    return at?.phase === "training" && at.reference.round === round;
  });
}

describe("a study of five that needs four", () => {
  it("completes with the others when one agent is killed in the middle of a round", async () => {
    await fiveSites();
    await midRound(2);
    federation.kill("three");
    const end = await federation.until("completed without the killed site", ({ status }) => status === "completed");
    expect(end.completed).toBe(3);
    const last = end.rounds.filter(({ phase }) => phase === "completed").at(-1);
    expect(last?.survivors).toEqual(["five", "four", "one", "two"]);
    for (const site of ["one", "two", "four", "five"]) {
      expect(await federation.running.get(site)?.ended).toBe(0);
      const report = JSON.parse(await readFile(join(federation.out(site), "report.json"), "utf8"));
      expect(report.queries).toBeLessThanOrEqual(spec.budget);
    }
  });

  it("aborts the round with a code when three are killed, waits visibly, and goes on when they are back", async () => {
    await fiveSites();
    await midRound(2);
    const gone = ["one", "two", "three"];
    for (const site of gone) federation.kill(site);
    const waiting = await federation.until("aborted and waiting", (state) => {
      const aborted = state.rounds.some(({ code }) => code === "TOO_FEW_SITES");
      const missed = gone.every((site) => state.waiting?.sites.includes(site));
      return aborted && missed && state.waiting?.reason === "waiting-for-sites";
    });
    expect(waiting.status).toBe("running");
    expect(waiting.completed).toBe(1);

    for (const site of gone) federation.serve(site);
    const end = await federation.until("completed by all", ({ status }) => status === "completed");
    expect(end.completed).toBe(3);
    for (const site of SITES) {
      expect([site, await federation.running.get(site)?.ended]).toEqual([site, 0]);
      const report = JSON.parse(await readFile(join(federation.out(site), "report.json"), "utf8"));
      expect(report.queries).toBeLessThanOrEqual(spec.budget);
    }
  });
});
