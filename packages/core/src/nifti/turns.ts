import { setImmediate } from "node:timers/promises";

/** Some tens of milliseconds of work. */
export const TURN = 4_000_000;

/**
 * Works through `count` items in order, in turns, and lets everything else go on in between: a large volume has a billion
 * voxels, and a signal to stop must be heard meanwhile.
 * @param work on the items `from` to `to`, the latter not included
 */
export async function inTurns(count: number, work: (from: number, to: number) => void, turn = TURN): Promise<void> {
  for (let from = 0; from < count; from += turn) {
    if (from > 0) await setImmediate();
    work(from, Math.min(count, from + turn));
  }
}
