import { turn } from "../turns.js";

/**
 * Runs tasks one after the other, in the order in which they came. A task that fails does not stop the next. Between two
 * tasks everything else gets its turn: two hundred vectors that arrive at once do not hold the process up.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(turn).then(task);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Resolves when everything that was queued until now is done. */
  async drained(): Promise<void> {
    await this.#tail;
  }
}
