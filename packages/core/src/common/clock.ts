/** Time as an argument: production passes `systemClock`, tests a fake. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Whole milliseconds since any moment, of a clock that nobody sets. Absent where `now` is never set. */
  elapsed?(): number;
}

/** For durations: `now` jumps when somebody sets the machine's clock. */
export function elapsed(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  elapsed: () => Math.round(performance.now()),
};
