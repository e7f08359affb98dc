import type { StudyPlan } from "./coordinator-load.js";
import type { Memory, ProcessFigures } from "./coordinator-probe.js";
import type { PhaseFigures, StudyFigures } from "./coordinator-stages.js";
import { rounded } from "./statistics.js";
import type { Row } from "./table.js";

const LIMIT_MB = 400;
const LIMIT_STALL_MS = 100;
/** In these a vector is added, or a sum is made and stored. */
const SUMMING = ["maskedInput", "unmask"];

export function memoryRow(when: string, memory: Memory): Row {
  return {
    measured: "memory of the coordinator's process in MB; the embedded database is in it",
    when,
    rssMb: Math.round(memory.rssMb),
    heapMb: Math.round(memory.heapMb),
    externalMb: Math.round(memory.externalMb),
    rssPeakSoFarMb: Math.round(memory.rssPeakMb),
  };
}

/** A study's phases. @param losses how many sites it lost on the way. */
export function phaseRows({ phases }: StudyFigures, losses = 0): Row[] {
  return phases.map(({ sites, round, phase, coordinator, wallMs, up, down, sitesCpuMs }) => ({
    measured: "phases: the coordinator's work from the first answer to the next question, all answers at once",
    sites,
    lost: losses,
    round,
    phase,
    coordinatorCpuMs: Math.round(coordinator.cpuMs),
    wallMs: Math.round(wallMs),
    longestStallMs: Math.round(coordinator.stallMs),
    ofWhichOwnMs: Math.round(coordinator.ownStallMs),
    rssPeakMb: Math.round(coordinator.rssPeakMb),
    upBytes: up,
    downBytes: down,
    sitesCpuMs: Math.round(sitesCpuMs),
  }));
}

export function togetherRow(
  plans: readonly StudyPlan[],
  { coordinator, sitesCpuMs }: { coordinator: ProcessFigures; sitesCpuMs: number },
): Row {
  return {
    measured: "studies at the same time, one round and the report, answers as they come",
    studies: plans.length,
    vectors: plans.reduce((sum, { sites }) => sum + sites, 0),
    coordinatorCpuMs: Math.round(coordinator.cpuMs),
    wallMs: Math.round(coordinator.wallMs),
    longestStallMs: Math.round(coordinator.stallMs),
    ofWhichOwnMs: Math.round(coordinator.ownStallMs),
    rssPeakMb: Math.round(coordinator.rssPeakMb),
    sitesCpuMs: Math.round(sitesCpuMs),
  };
}

/**
 * @param studies from the smallest cohort to the largest. @param last memory after everything.
 * @param embedded whether the database is in the process.
 */
export function targetRows(studies: readonly StudyFigures[], last: Memory, embedded: boolean): Row[] {
  const [, smaller, larger] = studies.map(({ phases }) => phases);
  const times = (phase: string, figure: (phase: PhaseFigures) => number) =>
    rounded(total(larger, phase, figure) / total(smaller, phase, figure));
  const measured = "targets";
  const stall = Math.max(
    ...studies
      .flatMap(({ phases }) => phases.filter(({ phase }) => SUMMING.includes(phase)))
      .map(({ coordinator }) => coordinator.ownStallMs),
  );
  const peaks = studies.map(({ phases, after }) => ({ what: `a cohort of ${phases[0].sites}`, mb: after.rssPeakMb }));
  peaks.push({ what: "many studies at once", mb: last.rssPeakMb });
  return [
    {
      measured,
      what: "longest stall of its own while summing or storing, ms",
      figure: Math.round(stall),
      target: `<= ${LIMIT_STALL_MS}`,
      met: yes(stall <= LIMIT_STALL_MS),
    },
    ...peaks.map(({ what, mb }) => ({
      measured,
      what: `peak memory up to ${what}, MB`,
      figure: Math.round(mb),
      ...(embedded
        ? { target: "none: the database is in it" }
        : { target: `<= ${LIMIT_MB}`, met: yes(mb <= LIMIT_MB) }),
    })),
    {
      measured,
      what: `masked inputs, ${larger[0].sites} sites to ${smaller[0].sites}`,
      figure: times("maskedInput", ({ up }) => up),
      target: "4: linear",
    },
    {
      measured,
      what: `shares up, ${larger[0].sites} sites to ${smaller[0].sites}`,
      figure: times("shareKeys", ({ up }) => up),
      target: "16: quadratic",
    },
    {
      measured,
      what: `shares down, ${larger[0].sites} sites to ${smaller[0].sites}`,
      figure: times("shareKeys", ({ down }) => down),
      target: "16: quadratic",
    },
  ];
}

function total(phases: readonly PhaseFigures[], phase: string, figure: (phase: PhaseFigures) => number): number {
  return phases.filter((one) => one.phase === phase).reduce((sum, one) => sum + figure(one), 0);
}

function yes(condition: boolean): string {
  return condition ? "yes" : "no";
}
