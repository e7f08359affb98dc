import type { Clock } from "@fedbaps/core/common/clock.js";

/** How long a step in hand may take to end when the process is asked to stop. */
const PATIENCE_MS = 1400;

/**
 * A wish to stop, in two parts: at once for who looks between two steps, a little later for the step in hand, so that
 * what it has paid for is not lost.
 */
export class GracefulStop {
  readonly #late = new AbortController();
  readonly #wish: () => void;
  #cancel = () => {};

  /** @param wished is called once, when the process is asked to stop */
  constructor(
    private readonly signal: AbortSignal,
    clock: Clock,
    wished: () => void,
  ) {
    this.#wish = () => {
      this.#cancel = clock.after(PATIENCE_MS, () => this.#late.abort());
      wished();
    };
    if (signal.aborted) this.#wish();
    else signal.addEventListener("abort", this.#wish, { once: true });
  }

  /** Aborted when nothing is waited for any more. */
  get late(): AbortSignal {
    return this.#late.signal;
  }

  /** To be called between two steps. @throws AbortError when the process is asked to stop */
  check(): void {
    this.signal.throwIfAborted();
  }

  end(): void {
    this.#cancel();
    this.signal.removeEventListener("abort", this.#wish);
  }
}
