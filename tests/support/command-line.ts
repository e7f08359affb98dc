import { systemClock } from "@fedbaps/core/common/clock.js";
import type { CommandIo } from "@fedbaps/site-agent/command-io.js";
import { runProgram } from "@fedbaps/site-agent/program.js";
import { random } from "../unit/site-agent/make-runner.js";

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the site agent's command line in this process. */
export function run(...argv: string[]): Promise<Ran> {
  return runWith({}, ...argv);
}

/** The same with an environment, a signal, a clock, or a terminal. */
export async function runWith(
  own: Partial<Pick<CommandIo, "env" | "signal" | "clock" | "terminal" | "askSecret">>,
  ...argv: string[]
): Promise<Ran> {
  let out = "";
  let err = "";
  const io: CommandIo = {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    env: {},
    clock: systemClock,
    random,
    signal: new AbortController().signal,
    terminal: false,
    ...own,
  };
  const status = await runProgram(argv, io);
  return { status, out, err };
}
