import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { AnswerCache } from "@fedbaps/core/blackbox/answer-cache.js";
import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import type { OpenOptions } from "@fedbaps/core/blackbox/open.js";
import { SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { Material } from "@fedbaps/core/data/dataset.js";
import { type Command, InvalidArgumentError } from "commander";
import { type CommandIo, say } from "./command-io.js";
import { Home } from "./home.js";
import { addReadingOptions, type ReadingOptions, siteMaterial } from "./material.js";
import { LivePolicy } from "./policy/live-policy.js";
import { limitThreads, openUnderPolicy } from "./policy/opening.js";
import { stopAtPause } from "./policy/query-gate.js";
import { ruleText } from "./policy.js";
import { readSiteSettings } from "./site-settings.js";

/** How the black box was understood, for a person to check; nothing for most. */
export function sayNotes(io: CommandIo, { description }: SegmentationModel): void {
  for (const note of description.notes) say(io, `note: ${note}`);
  if (description.remote) say(io, `note: prompted images are sent to ${description.remote}`);
}

/** For commander: parses a whole number within bounds, or says in one line what is expected. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `give a whole number of at least ${min}.`
          : `give a whole number from ${min} to ${max}.`,
      );
    return value;
  };
}

/** For commander: one of a few words, which the parser keeps for the shells' completion. */
export function oneOf<T extends string>(words: readonly T[]): ((text: string) => T) & { readonly words: readonly T[] } {
  const parse = (text: string) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new InvalidArgumentError(`use ${words.join(", ")}.`);
    return word;
  };
  return Object.assign(parse, { words });
}

export interface HomeOption {
  readonly home?: string;
}

/** The folder with the agent's state: `--home`, else FEDBAPS_HOME, else ~/.fedbaps. */
export function homeFolder(io: CommandIo, options: HomeOption): string {
  return resolve(options.home ?? io.env.FEDBAPS_HOME ?? join(homedir(), ".fedbaps"));
}

export interface MeasureOptions extends HomeOption, ReadingOptions {
  readonly data?: string;
  readonly blackbox?: string;
  readonly seed: number;
  readonly threads?: number;
  readonly answerCache?: string;
  readonly json?: boolean;
}

export const BLACKBOX_HELP = `${SPEC_HELP} (default: the one in site.yaml, else bundled)`;

/** The flags that all commands that measure share. Read them with `command.optsWithGlobals()`, then `measureSettings`. */
export function addMeasureOptions(command: Command): Command {
  return addReadingOptions(command)
    .option("--data <dir>", "the site's folder of images with masks (default: the one in site.yaml)")
    .option("--blackbox <spec>", BLACKBOX_HELP)
    .option("--seed <n>", "seed of every random draw", integer(0), 1)
    .option("--threads <n>", "CPU threads of the black box", integer(1, 256))
    .option("--answer-cache <dir>", "keep the zero-shot model's answers there and look them up before asking again")
    .option("--json", "print one JSON document on standard output");
}

/** What answers may take: a few thousand at usual sizes. */
const CACHE_LIMITS = { memoryBytes: 128 * 2 ** 20, diskBytes: 2 * 2 ** 30 };

export interface MeasureSettings {
  readonly data: string;
  readonly blackbox: string;
  readonly seed: number;
  /** How the black box is opened: threads, and what the policy allows. */
  readonly open: OpenOptions;
  readonly answers?: AnswerCache;
  /** How the data are read. */
  readonly material: Material;
}

/**
 * How a black box is opened at this site, and that every call of it is asked of the policy first: a call that is not to be
 * made now (quiet hours, queries of the day) fails in a line. Holds the process to the policy's threads.
 * @throws UsageError for a faulty policy.yaml
 */
export async function openOptions(
  io: CommandIo,
  options: HomeOption & { readonly threads?: number | undefined },
): Promise<OpenOptions> {
  const home = new Home(homeFolder(io, options));
  const policy = await LivePolicy.open(home, io.clock, (line) => say(io, line));
  const { threads } = options;
  const { maxThreads } = policy.rules;
  limitThreads(policy.rules);
  if (threads !== undefined && maxThreads !== undefined && threads > maxThreads)
    say(io, `${ruleText(policy.rules, "maxThreads")}: --threads ${threads} counts as ${maxThreads}`);
  const allowed = await openUnderPolicy({ home, policy, threads, clock: io.clock, pause: stopAtPause });
  return { ...allowed, env: io.env, clock: io.clock, signal: io.signal };
}

/**
 * Flags first, then the home's site.yaml where there is one.
 * @throws UsageError when neither says where the data are.
 */
export async function measureSettings(io: CommandIo, options: MeasureOptions): Promise<MeasureSettings> {
  const home = new Home(homeFolder(io, options));
  const stored = await readSiteSettings(home.folder);
  const data = options.data ?? stored?.data;
  if (data === undefined)
    throw new UsageError("which data? Give --data DIR, a folder with images/ and masks/, or set data in site.yaml");
  const folder = options.answerCache ?? (stored?.answerCache ? home.answers : undefined);
  return {
    data: resolve(data),
    blackbox: options.blackbox ?? stored?.blackbox ?? "bundled",
    seed: options.seed,
    open: await openOptions(io, options),
    material: await siteMaterial(io, home, options),
    ...(folder === undefined ? {} : { answers: new AnswerCache({ ...CACHE_LIMITS, folder: resolve(folder) }) }),
  };
}
