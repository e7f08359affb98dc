/** Ends of an attempt that are no failures of it. */
const INTERRUPTED: ReadonlySet<string> = new Set(["COORDINATOR_RESTARTED", "STUDY_PAUSED", "ROSTER_CHANGED"]);
const LONGEST_SECONDS = 60;

/**
 * How long, in milliseconds, the next attempt at a round stays in recruiting at least: nothing at first, then 2, 4, 8, ...
 * seconds up to a minute, so that no round fails in a tight loop. Attempts that were only interrupted do not count.
 * @param attempts the earlier ones at the same round, with the codes by which they ended
 */
export function pauseAfter(attempts: readonly { readonly code: string | null }[]): number {
  const failures = attempts.filter(({ code }) => code === null || !INTERRUPTED.has(code)).length;
  return failures < 2 ? 0 : Math.min(LONGEST_SECONDS, 2 ** (failures - 1)) * 1000;
}
