import { elapsed } from "@fedbaps/core/common/clock.js";
import type { CommandIo } from "./command-io.js";

/** Shorter work says nothing. */
const QUIET_MS = 1000;
/** Where lines stay, one now and then. */
const LINE_MS = 10_000;

/**
 * Progress of counted work on standard error, with the time left: one line that is written over at a terminal, a line
 * every ten seconds elsewhere, nothing for the first second.
 */
export class WorkProgress {
  readonly #started: number;
  #shownAt: number;
  #open = false;

  /** @param noun what is counted, in the plural: "images" */
  constructor(
    private readonly io: CommandIo,
    private readonly noun: string,
    private readonly total: number,
  ) {
    this.#started = elapsed(io.clock);
    this.#shownAt = this.#started;
  }

  /** @param already done before this process: it says nothing of the speed. */
  show(done: number, already = 0): void {
    const now = elapsed(this.io.clock);
    const spent = now - this.#started;
    if (spent < QUIET_MS || done <= already || done >= this.total) return;
    if (!this.io.terminal && now - this.#shownAt < LINE_MS) return;
    this.#shownAt = now;
    const left = (spent * (this.total - done)) / (done - already) / 1000;
    const line = `${done} of ${this.total} ${this.noun}, about ${duration(left)} left`;
    if (this.io.terminal) {
      this.#open = true;
      this.io.stderr(`\r\u001b[K${line}`);
    } else this.io.stderr(`${line}\n`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#open) this.io.stderr("\r\u001b[K");
    this.#open = false;
  }
}

/** Seconds for a person. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
