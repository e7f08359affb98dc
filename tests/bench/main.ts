import { open, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { adaptExperiment } from "./adapt.js";
import type { Experiment } from "./adapt-experiment.js";
import { federationExperiment } from "./adapt-federation.js";
import { readFlags, UsageError } from "./adapt-options.js";
import { benchBlackbox } from "./blackbox.js";
import { benchCoordinator } from "./coordinator.js";
import { benchDecoder } from "./decoder.js";
import { benchGate } from "./gate.js";
import { describeMachine, type Machine } from "./machine.js";
import { benchMemory } from "./memory.js";
import { benchSecagg } from "./secagg.js";
import { benchStep } from "./step.js";
import { formatRows, type Row } from "./table.js";

const BENCHMARKS: Readonly<Record<string, () => Promise<Row[]>>> = {
  blackbox: benchBlackbox,
  step: benchStep,
  memory: benchMemory,
  gate: benchGate,
  decoder: benchDecoder,
  secagg: benchSecagg,
  coordinator: benchCoordinator,
};

/** Not among those that are run without a name. */
const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  adapt: adaptExperiment,
  federation: federationExperiment,
};

const HELP = `Usage: npm run bench [-- NAME ...] [--json] [--out FILE]
       npm run bench -- adapt|federation [OPTIONS]

  blackbox     what a provider adds to the network itself, and whether memory stays flat over 2,000 queries
  step         one training step: how much of it is the black box's
  decoder      an image-prompt decoder per image
  memory       whether memory stays flat over 10,000 queries of training steps, on one and two threads
  gate         the no-harm gate: how often a decoder is used that is no better, beside other rules
  secagg       the secure sum at a site and at the coordinator, beside CKKS (homomorphic encryption)
  coordinator  a coordinator with 1,000 connected sites: time, bytes, stalls and memory against the size of a cohort

Without a name all are run, in about twelve minutes. --json prints one JSON document instead of tables: an array, or the
one benchmark where one was named. --out writes that document to a file as well.

Experiments take hours, are not among "all", and have options of their own; see "npm run bench -- adapt --help":

  adapt        what a site gains by itself: centres x black boxes x methods x seeds, Dice against queries
  federation   what sites gain together: alone, federated, pooled
`;

interface Result {
  readonly name: string;
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

const FLAGS = { json: { type: "boolean" }, out: { type: "string" }, help: { type: "boolean", short: "h" } } as const;

interface Options {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly out: string | undefined;
  readonly help: boolean;
}

/** Runs the benchmarks as a program. @returns the exit status: 0, 1 (failed), 2 (usage). */
export async function main(argv: readonly string[]): Promise<number> {
  const experiment = EXPERIMENTS[argv[0]];
  if (experiment) return runExperiment(argv[0], experiment, argv.slice(1));
  const options = parseOptions(argv);
  if (typeof options === "string") {
    process.stderr.write(`bench: ${options}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    if (options.out) await requireWritable(options.out);
    const results: Result[] = [];
    for (const name of options.names) results.push(await run(name, options.json));
    const document = `${JSON.stringify(results.length === 1 ? results[0] : results, null, 2)}\n`;
    if (options.json) process.stdout.write(document);
    if (options.out) await writeFile(options.out, document);
    return 0;
  } catch (error) {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    return 1;
  }
}

/** As `main`. */
async function runExperiment(name: string, experiment: Experiment, argv: readonly string[]): Promise<number> {
  try {
    const values = readFlags(argv, { ...FLAGS, ...experiment.flags });
    if (values.help === true) {
      process.stdout.write(experiment.help);
      return 0;
    }
    const out = values.out === undefined ? undefined : String(values.out);
    if (out) await requireWritable(out);
    const machine = describeMachine();
    const { rows, details } = await experiment.run(values);
    const document = `${JSON.stringify({ name, machine, rows, ...details }, null, 2)}\n`;
    process.stdout.write(values.json === true ? document : `${formatRows(rows)}\n`);
    if (out) await writeFile(out, document);
    return 0;
  } catch (error) {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** What was asked for, or what is wrong with it. */
function parseOptions(argv: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
    const known = Object.keys(BENCHMARKS);
    const unknown = positionals.find((name) => !known.includes(name));
    if (unknown !== undefined) return `there is no benchmark "${unknown}"; use ${known.join(", ")}, or no name for all`;
    const names = positionals.length > 0 ? [...new Set(positionals)] : known;
    return { names, json: values.json ?? false, out: values.out, help: values.help ?? false };
  } catch (error) {
    // The rest of the message is about arguments that begin with a dash.
    return `${messageOf(error).split(". ")[0]}; see --help`;
  }
}

/** Before minutes of work, not after. */
async function requireWritable(file: string): Promise<void> {
  try {
    await (await open(file, "a")).close();
  } catch (error) {
    throw new Error(`cannot write ${file}: ${messageOf(error)}`);
  }
}

async function run(name: string, quiet: boolean): Promise<Result> {
  process.stderr.write(`${name} ...\n`);
  const machine = describeMachine();
  const rows = await BENCHMARKS[name]();
  if (!quiet) {
    const { cpuModel, cores, memoryGiB, nodeVersion, platform, loadBefore } = machine;
    process.stdout.write(
      `\n${name}: ${cores} x ${cpuModel}, ${memoryGiB} GiB, Node ${nodeVersion}, ${platform}, load ${loadBefore}\n\n`,
    );
    process.stdout.write(`${formatRows(rows)}\n\n`);
  }
  return { name, machine, rows };
}
