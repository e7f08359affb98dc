interface Task {
  readonly name: string;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/** The one place for work that takes long: a new piece begins when the one before it has ended. */
export class LongWork {
  #task: Task | undefined;

  /** The name of the work in hand; work that was given up may still be ending. */
  get name(): string | undefined {
    return this.#task?.controller.signal.aborted ? undefined : this.#task?.name;
  }

  /** Gives up the work in hand and begins another. `work` deals with its own errors. */
  begin(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    const before = this.#task;
    before?.controller.abort();
    const controller = new AbortController();
    const run = async () => {
      await before?.done;
      try {
        if (!controller.signal.aborted) await work(controller.signal);
      } finally {
        if (this.#task === task) this.#task = undefined;
      }
    };
    const task: Task = { name, controller, done: Promise.resolve().then(run) };
    this.#task = task;
  }

  abort(): void {
    this.#task?.controller.abort();
  }

  async ended(): Promise<void> {
    while (this.#task) await this.#task.done;
  }
}
