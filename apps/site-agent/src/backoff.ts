import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";

/** Waiting times that double, with jitter so that many sites do not come back in step. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly random: RandomBytes,
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {}

  /** Milliseconds to wait now: between half of the present step and all of it. */
  next(): number {
    const step = Math.min(this.longestMs, this.firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    return Math.round(step * (0.5 + this.random(1)[0] / 510));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
