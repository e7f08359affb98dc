import type { ParseArgsConfig } from "node:util";
import { type Cell, readCell } from "./adapt-cells.js";
import { codeVersion } from "./adapt-code.js";
import { type Job, runJobs } from "./adapt-processes.js";
import type { Row } from "./table.js";

export type FlagValues = Readonly<Record<string, string | boolean>>;

/** A comparison of methods that takes hours and has options of its own; the other benchmarks take minutes and have none. */
export interface Experiment {
  readonly help: string;
  readonly flags: NonNullable<ParseArgsConfig["options"]>;
  /** @throws UsageError */
  run(values: FlagValues): Promise<ExperimentResult>;
}

export interface ExperimentResult {
  readonly rows: readonly Row[];
  /** More of the JSON document: every cell, and what is missing. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface Missing {
  readonly what: string;
  readonly reason: string;
}

export interface Made<S, R> {
  readonly cells: readonly Cell<S, R>[];
  readonly missing: readonly Missing[];
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Flags of `makeCells`. */
export const CELL_FLAGS = {
  processes: { type: "string" },
  work: { type: "string" },
  "any-code": { type: "boolean" },
} as const;

/**
 * The cells of an experiment: those that are in the work folder, and the others made now.
 * @param anyCode takes cells that other code made too
 * @param describe a cell's figures in a few words, for whoever waits
 */
export async function makeCells<J extends Job, R>(
  jobs: readonly (J & { readonly what: string })[],
  { processes, anyCode, describe }: { processes: number; anyCode: boolean; describe: (result: R) => string },
): Promise<Made<J["settings"], R>> {
  const code = anyCode ? undefined : await codeVersion();
  const made = new Map<string, Cell<J["settings"], R>>();
  const missing: Missing[] = [];
  for (const { file, settings } of jobs) {
    const cell = await readCell<J["settings"], R>(file, settings, code);
    if (cell) made.set(file, cell);
  }
  const lacking = jobs.filter(({ file }) => !made.has(file));
  if (made.size > 0) say(`${made.size} of ${jobs.length} cells are there already`);
  let done = 0;
  await runJobs(lacking, processes, async ({ file, settings, what }, failure) => {
    done++;
    const cell = failure ? undefined : await readCell<J["settings"], R>(file, settings, undefined);
    if (cell) made.set(file, cell);
    else missing.push({ what, reason: failure ?? "it left no figures" });
    const outcome = cell ? `${describe(cell.result)} (${cell.seconds} s)` : `not measured: ${failure}`;
    say(`[${done}/${lacking.length}] ${what}: ${outcome}`);
  });
  const cells = jobs.flatMap(({ file }) => made.get(file) ?? []);
  const codes = new Set(cells.map((cell) => cell.code));
  if (codes.size > 1) say(`these cells were made by ${codes.size} versions of the code: they do not quite compare`);
  return { cells, missing };
}

/** Things that cannot be had are told and left out. */
export function present<T extends { readonly name: string; readonly missing?: string | undefined }>(
  things: readonly T[],
  missing: Missing[],
): T[] {
  for (const { name, missing: reason } of things)
    if (reason) {
      missing.push({ what: name, reason });
      say(`${name} is left out: ${reason}`);
    }
  return things.filter((thing) => !thing.missing);
}

export function missingRows(missing: readonly Missing[]): Row[] {
  return missing.map(({ what, reason }) => ({ measured: "not measured", what, reason }));
}
