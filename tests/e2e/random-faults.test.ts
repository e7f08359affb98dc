import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type Fault, faultSchedule } from "../support/fault-schedule.js";
import { MortalCoordinator } from "../support/mortal-coordinator.js";
import { pingEvery } from "../support/quick-pings.js";
import { type Outcomes, SimulatedFederation } from "../support/simulated-federation.js";
import type { SimulatedSite } from "../support/simulated-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Kills and cuts at random, of the coordinator, of agents and of links. FEDBAPS_FAULT_RUNS=n makes n runs, and
// FEDBAPS_FAULT_SEED=s begins with that seed; the name of a run that fails has its seed.

removeTemporaryFolders();
pingEvery(500);

const RUNS = Number(process.env.FEDBAPS_FAULT_RUNS ?? 6);
const FIRST = Number(process.env.FEDBAPS_FAULT_SEED ?? 1);
const SITES = ["aa", "bb", "cc"];
const spec = { rounds: 2, personalShare: 0.5, silenceSeconds: 36_000 } as const;
const SPEED = 8;
const PACE = 40;

let coordinator: MortalCoordinator;
let federation: SimulatedFederation;
let undisturbed: Outcomes;

beforeAll(async () => {
  const folder = await temporaryFolder();
  coordinator = await MortalCoordinator.start(folder, SPEED);
  federation = await SimulatedFederation.start(folder, SITES, coordinator, PACE);
  for (const { network } of federation.sites) coordinator.networks.add(network);
  await federation.begin("calm", spec);
  ({ outcomes: undisturbed } = await federation.finish("calm"));
});
afterEach(() => {
  for (const { network } of federation.sites) network.heal();
});
afterAll(async () => {
  await federation.close();
  await coordinator.close();
});

async function killedCoordinator(milliseconds: number): Promise<void> {
  coordinator.kill();
  await sleep(milliseconds);
  await coordinator.start();
}

async function killed(site: SimulatedSite, milliseconds: number): Promise<void> {
  if (!site.alive) return;
  await site.kill();
  await sleep(milliseconds);
  await site.start();
}

/** Does it, and makes good what does not heal by itself. */
async function commit(fault: Fault): Promise<void> {
  const site = federation.sites.find((each) => "site" in fault && each.site === fault.site) ?? federation.sites[0];
  const { network } = site;
  switch (fault.kind) {
    case "cut":
      return network.cut(fault.by);
    case "cut-in-message":
      void network.links[0]?.cutAfter("toServer", fault.bytes);
      return;
    case "away":
      network.refuse();
      network.cut();
      await sleep(fault.milliseconds);
      return network.refuse(false);
    case "half-open":
      return fault.lost === "both" ? network.swallow("toServer", "toClient") : network.swallow(fault.lost);
    case "lost-answer":
      void network.once({ direction: "toServer", holds: ['"reply"', `"phase":"${fault.phase}"`], act: "lose-answer" });
      return;
    case "slow":
      return network.slow({ delay: fault.delay });
    case "site-killed":
      return killed(site, fault.milliseconds);
    case "coordinator-killed":
      return killedCoordinator(fault.milliseconds);
    case "all-killed":
      coordinator.kill();
      await Promise.all(federation.sites.map((each) => killed(each, fault.milliseconds)));
      return coordinator.start();
  }
}

describe("a study under faults at random", () => {
  const seeds = Array.from({ length: RUNS }, (_, i) => FIRST + i);

  it.each(seeds)("of seed %i ends as if nothing had happened", async (seed) => {
    const study = `random-${seed}`;
    const schedule = faultSchedule(seed, SITES);
    await federation.begin(study, spec);
    for (const fault of schedule) {
      await sleep(fault.after);
      await commit(fault);
    }
    const { view, outcomes } = await federation.finish(study, 120);
    expect({ schedule, outcomes }).toEqual({ schedule, outcomes: undisturbed });
    const completed = view.rounds.filter(({ phase }) => phase === "completed");
    expect(completed.map(({ round, survivors }) => [round, survivors])).toEqual([
      [1, SITES],
      [2, SITES],
    ]);
    for (const { code } of view.rounds.filter(({ phase }) => phase !== "completed"))
      expect(["COORDINATOR_RESTARTED", "TOO_FEW_SITES"]).toContain(code);
  });
});
