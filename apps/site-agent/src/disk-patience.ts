import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { AgentError, type AgentErrorCode } from "./errors.js";

/** What somebody may mend while the agent runs. */
const PASSING: readonly AgentErrorCode[] = ["DISK_FULL", "DISK_QUOTA", "DISK_FAILED", "HOME_READ_ONLY"];
const AGAIN_MS = 5000;

/** What is done with results that were paid for while the disk does not take them. */
export interface DiskPatience {
  /** Tries until it is written. @throws what `write` does for what does not pass, and for everything after `giveUp` */
  keep<T>(write: () => Promise<T>): Promise<T>;
  /** Why something waits now. */
  readonly waiting: AgentErrorCode | undefined;
  /** Nothing is waited for any more: the agent stops. */
  giveUp(): void;
}

/** Waits for nothing. */
export const impatient: DiskPatience = { keep: (write) => write(), waiting: undefined, giveUp: () => {} };

export interface WaitingForDiskInit {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log. */
  readonly study: string;
  say(line: string): void;
}

/** Keeps what is to be written in memory, tries again every five seconds, and says so once. */
export class WaitingForDisk implements DiskPatience {
  #waiting: AgentErrorCode | undefined;
  #stopped = false;
  readonly #wake = new Set<() => void>();

  constructor(private readonly init: WaitingForDiskInit) {}

  get waiting(): AgentErrorCode | undefined {
    return this.#waiting;
  }

  async keep<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const written = await write();
        this.#over();
        return written;
      } catch (error) {
        if (this.#stopped || !(error instanceof AgentError) || !PASSING.includes(error.code)) throw error;
        this.#begun(error);
        await this.#pause();
      }
    }
  }

  giveUp(): void {
    this.#stopped = true;
    for (const wake of this.#wake) wake();
  }

  #begun({ code, message }: AgentError): void {
    if (this.#waiting === code) return;
    this.#waiting = code;
    const { logger, study, say } = this.init;
    logger.warn("waiting", { study, code });
    say(`${study}: waits: ${message}; nothing is lost, and it goes on by itself`);
  }

  #over(): void {
    if (this.#waiting === undefined) return;
    this.#waiting = undefined;
    const { logger, study, say } = this.init;
    logger.info("goes-on", { study });
    say(`${study}: the disk takes what is written again; goes on`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wake.delete(wake);
        resolve();
      };
      const cancel = this.init.clock.after(AGAIN_MS, wake);
      this.#wake.add(wake);
      if (this.#stopped) wake();
    });
  }
}
