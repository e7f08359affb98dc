import { relative } from "node:path";
import { codeOf, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { runDemo } from "./demo.js";
import { HELP, parseOptions } from "./options.js";
import { table } from "./report.js";

/** Runs the demo as a program. @returns the exit status: 0, 1 (failed), 2 (usage), 130 (stopped). */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort());
  const stderr = (text: string) => void process.stderr.write(text);
  try {
    const options = parseOptions(argv);
    if (options.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const report = await runDemo(options, {
      stderr,
      terminal: process.stderr.isTTY === true,
      now: () => Date.now(),
      signal: stop.signal,
    });
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else {
      const out = relative(process.cwd(), options.out) || ".";
      const { rounds, blackboxQueries, wallSeconds, bytesUp } = report;
      process.stdout.write(
        `\n${table(report)}\n\n${rounds.completed} rounds, ${blackboxQueries} black-box queries, ${wallSeconds.toFixed(0)} s; ` +
          `${(bytesUp / 1024).toFixed(0)} KiB left the sites: keys, signatures, sealed shares, masked sums, and the figures above.\n` +
          `Report in ${out}/report.json; per site its decoder and pictures in ${out}/SITE/.\n`,
      );
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) {
      stderr("\nstopped; nothing is left running\n");
      return 130;
    }
    const expected = codeOf(error) !== "INTERNAL";
    stderr(`demo: ${expected || !(error instanceof Error) ? messageOf(error) : error.stack}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
