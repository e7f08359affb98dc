import { relative } from "node:path";
import { codeOf, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { runDemo } from "./demo.js";
import { HELP, parseOptions } from "./options.js";
import { type DemoReport, table } from "./report.js";

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
    await runDemo(options, {
      stderr,
      terminal: process.stderr.isTTY === true,
      now: () => Date.now(),
      signal: stop.signal,
      result: (report) => void process.stdout.write(options.json ? json(report) : text(report, options.out)),
    });
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

function json(report: DemoReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function text(report: DemoReport, out: string): string {
  const folder = relative(process.cwd(), out) || ".";
  const { rounds, blackboxQueries, wallSeconds, bytesUp } = report;
  return (
    `\n${table(report)}\n\n${rounds.completed} rounds, ${blackboxQueries} black-box queries, ${wallSeconds.toFixed(0)} s; ` +
    `${(bytesUp / 1024).toFixed(0)} KiB left the sites: keys, signatures, sealed shares, masked sums, and of the figures above all but "alone".\n` +
    "alone: Dice of a small network trained on each site's labels alone, without the black box.\n" +
    `Report in ${folder}/report.json; per site its decoder and pictures in ${folder}/SITE/.\n`
  );
}
