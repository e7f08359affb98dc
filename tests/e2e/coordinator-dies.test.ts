import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { KillPoint } from "../support/killable-coordinator.js";
import { MortalCoordinator } from "../support/mortal-coordinator.js";
import { type Outcomes, SimulatedFederation, type StudyView } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// The coordinator dies before and after every single write to the tables of a study, one study for each. The sites are
// the real agents with a training that takes no time. The same with real processes: coordinator-killed.test.ts.

removeTemporaryFolders();

const SITES = ["aa", "bb", "cc"];
const ROUNDS = 2;
const spec = { rounds: ROUNDS, personalShare: 0.5 } as const;

/** Every completed round is of all sites and has one attempt that completed; the others say why they ended. */
function expectWhole(view: StudyView): void {
  expect(view.completed).toBe(ROUNDS);
  const completed = view.rounds.filter(({ phase }) => phase === "completed");
  expect(completed.map(({ round }) => round)).toEqual([1, 2]);
  for (const { cohort, survivors, dropOuts } of completed)
    expect([cohort, survivors, dropOuts]).toEqual([SITES, SITES, []]);
  for (const attempt of view.rounds.filter(({ phase }) => phase !== "completed"))
    expect(attempt).toMatchObject({ phase: "aborted", code: "COORDINATOR_RESTARTED" });
  expect(view.sites.map(({ site, reported }) => [site, reported])).toEqual(SITES.map((site) => [site, true]));
}

let coordinator: MortalCoordinator;
let federation: SimulatedFederation;
let undisturbed: Outcomes;

beforeAll(async () => {
  const folder = await temporaryFolder();
  coordinator = await MortalCoordinator.start(folder);
  federation = await SimulatedFederation.start(folder, SITES, coordinator);
  for (const { network } of federation.sites) coordinator.networks.add(network);
  await federation.begin("calm", spec);
  const { view, outcomes } = await federation.finish("calm");
  expectWhole(view);
  undisturbed = outcomes;
});
afterAll(async () => {
  await federation.close();
  await coordinator.close();
});

/** A study whose coordinator dies at this point, and is started again. @returns what was being written, if it came to it */
async function killedAt(kill: KillPoint & { study: string }): Promise<string | undefined> {
  const before = coordinator.kills.length;
  coordinator.kill();
  await coordinator.start(kill);
  let over = false;
  const nurse = coordinator.death.then(() => (over ? undefined : coordinator.start()));
  await federation.begin(kill.study, spec);
  const sums = await coordinator.sums();
  const { view, outcomes } = await federation.finish(kill.study);
  over = true;
  const killed = coordinator.kills.at(before);
  if (killed !== undefined) await nurse;
  expect([kill, killed, outcomes]).toEqual([kill, killed, undisturbed]);
  expectWhole(view);
  expect(await coordinator.sums()).toMatchObject(sums);
  return killed;
}

describe.each(["before", "after"] as const)("a coordinator that dies %s a write", (when) => {
  it("has forgotten nothing, whichever write it was: same sums, same bills, same decoders", async () => {
    const kills: string[] = [];
    for (let point = 1; ; point++) {
      const killed = await killedAt({ point, when, study: `${when}-${point}` });
      if (killed === undefined) break;
      kills.push(killed);
    }
    // Approvals, begins, moves, sums, reports and the study's own states.
    expect(kills.length).toBeGreaterThan(25);
  });
});
