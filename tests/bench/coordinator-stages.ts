import type { Worker } from "./coordinator-calls.js";
import type { PhaseTraffic } from "./coordinator-cohort.js";
import type { LoadService, StudyPlan } from "./coordinator-load.js";
import type { Memory, ProcessFigures } from "./coordinator-probe.js";
import type { CoordinatorService } from "./coordinator-process.js";

export interface Processes {
  readonly coordinator: Worker<CoordinatorService>;
  readonly load: Worker<LoadService>;
}

/** One phase of one study: the coordinator's side of it, and what went over the links. */
export interface PhaseFigures extends PhaseTraffic {
  readonly sites: number;
  readonly round: number;
  readonly phase: string;
  readonly coordinator: ProcessFigures;
  readonly sitesCpuMs: number;
}

export interface StudyFigures {
  readonly phases: readonly PhaseFigures[];
  readonly before: Memory;
  readonly after: Memory;
}

/** Runs one study alone, phase by phase. @param losses how many sites give up when the vectors are asked for. */
export async function runStudy({ coordinator, load }: Processes, plan: StudyPlan, losses = 0): Promise<StudyFigures> {
  const before = await coordinator.call("memory");
  const phases: PhaseFigures[] = [];
  let round = 1;
  const note = async (phase: string, traffic: PhaseTraffic, sitesCpuMs: number) => {
    phases.push({
      sites: plan.sites,
      round,
      phase,
      ...traffic,
      coordinator: await coordinator.call("take"),
      sitesCpuMs,
    });
  };
  await coordinator.call("take");
  await note("approvals", await load.call("open", plan), 0);
  while (!(await load.call("completed", plan.name))) {
    const { phase, sitesCpuMs } = await load.call("prepare", plan.name);
    if (phase === "report" && losses > 0) {
      await load.call("abort", plan.name);
      break;
    }
    await coordinator.call("take");
    const traffic = await load.call("release", plan.name, phase === "maskedInput" ? losses : 0);
    await note(phase, traffic, sitesCpuMs);
    if (phase === "unmask") round++;
  }
  return { phases, before, after: await coordinator.call("memory") };
}

/** Runs studies to their ends at the same time. */
export async function runTogether(
  { coordinator, load }: Processes,
  plans: readonly StudyPlan[],
): Promise<{ coordinator: ProcessFigures; sitesCpuMs: number; after: Memory }> {
  for (const plan of plans) await load.call("open", plan);
  await coordinator.call("take");
  const sitesCpuMs = await load.call(
    "finish",
    plans.map(({ name }) => name),
  );
  return { coordinator: await coordinator.call("take"), sitesCpuMs, after: await coordinator.call("memory") };
}
