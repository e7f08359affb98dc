import "@fedbaps/core/blackbox/telemetry-off.js";

import { randomBytes } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import { systemClock } from "@fedbaps/core/common/clock.js";
import type { CommandIo } from "./command-io.js";
import { runProgram } from "./program.js";
import { askTerminal } from "./terminal-question.js";

/** What a shell expects of a process that a signal ended: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
/** A stop that takes longer than this is cut short; everything of worth is stored by then. */
const LONGEST_STOP_MS = 1900;

// Keys, reports and pictures are made from patients' data: for the owner only, whatever the shell's mask.
process.umask(0o077);

const stopping = new AbortController();
let stoppedWith: number | undefined;

function stop(status: number): void {
  // The second signal does not wait.
  if (stoppedWith !== undefined) process.exit(status);
  stoppedWith = status;
  stopping.abort();
  setTimeout(() => process.exit(status), LONGEST_STOP_MS).unref();
}

for (const [signal, status] of Object.entries(SIGNALS)) process.on(signal, () => stop(status));

const ask = async (question: string, shown = true): Promise<string | undefined> =>
  process.stdin.isTTY
    ? askTerminal(question, {
        input: process.stdin,
        output: process.stderr,
        signal: stopping.signal,
        shown,
        interrupted: () => stop(SIGNALS.SIGINT),
      })
    : undefined;

const io: CommandIo = {
  // A file or a pipe gets no colours, whatever standard error is.
  stdout: (text) => void process.stdout.write(process.stdout.isTTY ? text : stripVTControlCharacters(text)),
  stderr: (text) => void process.stderr.write(text),
  env: process.env,
  clock: systemClock,
  random: (count) => new Uint8Array(randomBytes(count)),
  signal: stopping.signal,
  terminal: process.stderr.isTTY === true,
  ask: (question) => ask(question),
  askSecret: (question) => ask(question, false),
};

const status = await runProgram(process.argv.slice(2), io);
// Standard output may be a pipe that is still being read; idle workers of a library must not keep the process.
process.stdout.write("", () => process.exit(stoppedWith ?? status));
