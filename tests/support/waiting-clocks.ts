import type { Clock } from "@fedbaps/core/common/clock.js";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved; then it calls what has become due. */
export class SteppedClock implements Clock {
  readonly #timers = new Set<Timer>();

  constructor(private time = 0) {}

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until each timer that is set. */
  get pending(): number[] {
    return [...this.#timers].map(({ at }) => at - this.time);
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at))
      if (timer.at <= this.time && this.#timers.delete(timer)) timer.callback();
  }
}

/**
 * A clock on which every wait is over at once, and written down. Timers of `limit` milliseconds and more are limits on
 * something else's time: they never go off.
 */
export class HurriedClock implements Clock {
  readonly waits: number[] = [];

  constructor(
    private time = 0,
    private readonly limit = 1_000_000,
  ) {}

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    if (milliseconds >= this.limit) return () => {};
    this.waits.push(milliseconds);
    this.time += milliseconds;
    const soon = setImmediate(callback);
    return () => clearImmediate(soon);
  }
}
