import { type Clock, elapsed } from "@fedbaps/core/common/clock.js";
import { clockFinding } from "./doctor/clock.js";

/** Off by less than this, nothing here goes wrong. */
const FAR_MS = 5 * 60_000;
const TICK_MS = 60_000;
/** Asked again where the coordinator did not answer. */
const AGAIN_TICKS = 10;

export interface ClockWatchInit {
  readonly clock: Clock;
  /** The coordinator's clock, in milliseconds since the epoch; undefined when it says nothing. */
  ask(): Promise<number | undefined>;
  say(line: string): void;
  /** Told CLOCK_OFF. */
  failed(code: string): void;
}

/**
 * Compares this machine's clock with the coordinator's at the start, and whenever it was set or the machine slept. Sums and
 * training need no clock; quiet hours, the day's queries, certificates and the log go by it.
 * @returns the stop
 */
export function watchClock({ clock, ask, say, failed }: ClockWatchInit): () => void {
  let stopped = false;
  let cancel = () => {};
  let offset = clock.now() - elapsed(clock);
  /** Ticks until the next question. */
  let due = Number.POSITIVE_INFINITY;
  let wasFar = false;

  const look = async () => {
    due = Number.POSITIVE_INFINITY;
    const theirs = await ask().catch(() => undefined);
    if (stopped) return;
    if (theirs === undefined) {
      due = AGAIN_TICKS;
      return;
    }
    const ahead = clock.now() - theirs;
    const far = Math.abs(ahead) >= FAR_MS;
    const { message, remedy } = clockFinding(ahead);
    if (far) {
      say(`${message} (CLOCK_OFF): quiet hours, the day's queries and the log go by it; ${remedy}`);
      failed("CLOCK_OFF");
    } else if (wasFar) say(`${message}: that is good enough again`);
    wasFar = far;
  };
  const tick = () => {
    const now = clock.now() - elapsed(clock);
    const set = Math.abs(now - offset) >= FAR_MS;
    offset = now;
    if (set || --due <= 0) void look();
    if (!stopped) cancel = clock.after(TICK_MS, tick);
  };
  cancel = clock.after(TICK_MS, tick);
  void look();
  return () => {
    stopped = true;
    cancel();
  };
}
