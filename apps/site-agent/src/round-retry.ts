import type { Clock } from "@fedbaps/core/common/clock.js";

const RETRY_MS = 30_000;

/** One thing that failed and is tried again: after a while, or at once when what kept it may be gone. */
export class RoundRetry {
  #cancel = () => {};
  #now = () => {};

  constructor(private readonly clock: Clock) {}

  set(again: () => void): void {
    this.cancel();
    this.#now = () => {
      this.cancel();
      this.#now = () => {};
      again();
    };
    this.#cancel = this.clock.after(RETRY_MS, () => this.#now());
  }

  now(): void {
    this.#now();
  }

  /** Not by itself any more; `now` still may. */
  cancel(): void {
    this.#cancel();
  }
}
