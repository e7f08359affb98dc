export interface PhaseInfo {
  readonly id: string;
  /** On the stepper. */
  readonly short: string;
  /** Within a sentence: "Now: ...". */
  readonly long: string;
}

/** The phases of a round in their order. */
export const PHASES: readonly PhaseInfo[] = [
  { id: "recruiting", short: "Gather", long: "gathering the sites" },
  { id: "training", short: "Train", long: "training at the sites" },
  { id: "advertiseKeys", short: "Keys", long: "exchanging fresh keys" },
  { id: "shareKeys", short: "Shares", long: "exchanging sealed key shares" },
  { id: "maskedInput", short: "Masked sum", long: "adding up masked updates" },
  { id: "consistency", short: "Agree", long: "agreeing on who is in the sum" },
  { id: "unmask", short: "Unmask", long: "removing the masks from the sum" },
];

export type StepState = "done" | "now" | "later";

/** Each phase with its place beside the running one. */
export function stepper(phase: string): (PhaseInfo & { state: StepState })[] {
  const at = phase === "completed" ? PHASES.length : PHASES.findIndex(({ id }) => id === phase);
  return PHASES.map((info, i) => ({ ...info, state: i < at ? "done" : i === at ? "now" : "later" }));
}

/** A phase within a sentence; one that is not known stays as it is. */
export function phaseWords(phase: string): string {
  if (phase === "completed") return "completed";
  if (phase === "aborted") return "given up";
  return PHASES.find(({ id }) => id === phase)?.long ?? phase;
}
