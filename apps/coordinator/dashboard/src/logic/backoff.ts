const FIRST = 1000;
const LONGEST = 15_000;

/** Milliseconds to wait before the next try after so many that failed (1 for the first). */
export function waitBeforeTry(failures: number): number {
  return Math.min(LONGEST, FIRST * 2 ** Math.max(0, failures - 1));
}
