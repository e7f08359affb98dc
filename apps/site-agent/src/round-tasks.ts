import type { Failure } from "@fedbaps/core/wire/messages.js";
import { LongWork } from "./long-work.js";

export type Stage = Failure["stage"];

export interface RoundTasksInit {
  /** Told what went wrong, unless the work was called off. */
  failed(stage: Stage, error: unknown): void;
  /** Begins signs of life; returns their end. */
  heartbeat(): () => void;
}

/** What a runner is at: one piece of long work, and short work in the order of the instructions. */
export class RoundTasks {
  readonly #work = new LongWork();
  #queue: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(private readonly init: RoundTasksInit) {}

  /** No step is begun after `stop`. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** The name of the long work in hand. */
  get name(): string | undefined {
    return this.#work.name;
  }

  stop(): void {
    this.#stopping = true;
  }

  abort(): void {
    this.#work.abort();
  }

  /** Gives up the long work in hand and begins another, with signs of life. @param after called when it has failed */
  begin(name: string, stage: Stage, work: (signal: AbortSignal) => Promise<void>, after: () => void = () => {}): void {
    this.#work.begin(name, async (signal) => {
      const cancel = this.init.heartbeat();
      try {
        await work(signal);
      } catch (error) {
        if (signal.aborted || this.#stopping) return;
        this.init.failed(stage, error);
        after();
      } finally {
        cancel();
      }
    });
  }

  enqueue(stage: Stage, work: () => Promise<void>, after: () => void = () => {}): void {
    this.#queue = this.#queue.then(async () => {
      try {
        if (!this.#stopping) await work();
      } catch (error) {
        this.init.failed(stage, error);
        after();
      }
    });
  }

  /** Resolves when everything that was begun so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#queue;
    await this.#work.ended();
    // The end of the work may have left something to write down.
    await this.#queue;
  }
}
