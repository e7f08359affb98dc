import { type Discovery, discover } from "./discovery/discover.js";
import { DatasetError } from "./errors.js";
import type { KeptFindings } from "./findings.js";
import type { SaltSource } from "./patients.js";
import { type Problem, problemOf } from "./problem.js";
import { DEFAULT_READING, type ReadingRules } from "./reading.js";
import { emptyParts, type Sample, samplesOf, sharedPatients, splitSamples } from "./samples.js";
import type { Split, SplitFractions } from "./split.js";

/** How a site's folder is read. */
export interface Material {
  /** What is used of files that leave a choice; DEFAULT_READING unless given. */
  readonly reading?: ReadingRules | undefined;
  /** Share of the cases that may be bad and are left out, 0..1. */
  readonly tolerance?: number | undefined;
  /** Where the site's salt for patients' names comes from; one for this process alone unless given. */
  readonly salt?: SaltSource | undefined;
  /** What is known of files that have not changed. */
  readonly findings?: KeptFindings | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called as cases are looked at. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface DatasetOptions extends Material {
  readonly seed: number;
  /** Shares of a random split (default 0.6, 0.2, 0.2); of no effect where the folder brings its own split. */
  readonly fractions?: SplitFractions | undefined;
}

/** A folder's cases, numbered and split, with everything that is wrong as far as names and headers show it. */
export interface Assembly {
  readonly discovery: Discovery;
  readonly samples: readonly Sample[];
  /** Empty parts where there is no split: the problems say why. */
  readonly split: Split<Sample>;
  readonly problems: readonly Problem[];
  /** Cases that are there or should be. */
  readonly total: number;
}

/** Finds, numbers and splits. Reads no pictures. @returns problems instead of errors, all of them */
export async function assemble(folder: string, options: DatasetOptions): Promise<Assembly> {
  const { reading: rules = DEFAULT_READING, findings, salt, signal } = options;
  const discovery = await discover(folder, { rules, findings, signal });
  const samples = await samplesOf(discovery.cases, salt);
  const found = [...discovery.problems];
  const lost = found.filter(({ severity }) => severity === "case").length;
  const split = splitOr(
    found,
    () =>
      splitSamples(
        samples,
        discovery.cases.map(({ part }) => part),
        options,
      ),
    folder,
  );
  if (discovery.ownSplit) found.push(...sharedPatients(split), ...missingParts(found, split, folder));
  return { discovery, samples, split, problems: found, total: samples.length + lost };
}

/** A folder without a part says so already. */
function missingParts(found: readonly Problem[], split: Split<Sample>, folder: string): Problem[] {
  return found.some(({ severity }) => severity === "fatal") ? [] : emptyParts(split, folder);
}

function splitOr(problems: Problem[], split: () => Split<Sample>, folder: string): Split<Sample> {
  try {
    return split();
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    // Where a fatal problem is known already, too few cases are its consequence.
    if (!problems.some(({ severity }) => severity === "fatal"))
      problems.push({ ...problemOf(error, folder), severity: "fatal" });
    return { train: [], val: [], test: [] };
  }
}
