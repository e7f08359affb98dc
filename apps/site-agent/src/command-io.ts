import type { Clock } from "@fedbaps/core/common/clock.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";

/** What a command may touch besides its files: the process's streams, environment, time, randomness and signals. */
export interface CommandIo {
  /** Writes to standard output, as it is: results only. */
  stdout(text: string): void;
  /** Writes to standard error, as it is: everything meant for a person. */
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Cryptographic: keys and nonces. */
  readonly random: RandomBytes;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  /** Whether standard error is a terminal: progress may overwrite its line there. */
  readonly terminal: boolean;
  /** Reads one line from the person at the terminal; undefined when nobody is there. */
  ask?(question: string): Promise<string | undefined>;
  /** The same, and what is typed is not shown. */
  askSecret?(question: string): Promise<string | undefined>;
}

/** One JSON document on standard output. */
export function printJson(io: CommandIo, value: unknown): void {
  io.stdout(`${JSON.stringify(value, null, 2)}\n`);
}

/** One line for a person. */
export function say(io: CommandIo, line: string): void {
  io.stderr(`${line}\n`);
}
