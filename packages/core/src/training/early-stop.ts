/** Queries in which a run that is still going anywhere gains something. */
const PATIENCE = 1200;
/** Validation Dice that counts as a gain. */
const GAIN = 0.005;

/** One version on the validation list. */
export interface Measured {
  /** Spent when it was measured, all purposes. */
  readonly queries: number;
  /** Mean over the list, in [0, 1]. */
  readonly valDice: number;
}

/**
 * Whether a run has got as far as it gets: the best version, zero-shot among them, is no more than GAIN better than what was
 * there PATIENCE queries ago. Both numbers were chosen by replaying runs of 4,000 queries; what they cost and give back is in
 * `docs/adaptation.md`. A run of a smaller budget than PATIENCE never has.
 * @param versions zero-shot first, in the order of their queries
 */
export function hasSettled(versions: readonly Measured[]): boolean {
  const now = versions.at(-1)?.queries ?? 0;
  const before = versions.filter(({ queries }) => queries <= now - PATIENCE);
  return before.length > 0 && best(versions) - best(before) <= GAIN;
}

function best(versions: readonly Measured[]): number {
  return Math.max(...versions.map(({ valDice }) => valDice));
}
