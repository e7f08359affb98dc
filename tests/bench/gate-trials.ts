import { RandomStream } from "@fedbaps/core/math/rng.js";
import { mean } from "@fedbaps/core/math/vector.js";
import { looksAt, RULES, used } from "./gate-rules.js";

/** Gains of several versions on the pictures of one site: a row per picture, a column per version. */
export type Gains = readonly (readonly number[])[];

/** How one rule did over many validation lists. */
export interface Tally {
  trials: number;
  /** A version was used. */
  used: number;
  /** It was used, and the pictures that were held out lost more than 0.005 by it. */
  harmed: number;
  /** Sum of the gains on those pictures; 0 where none was used. */
  gain: number;
}

/** Loss below zero-shot that counts as harm. */
const HARM = 0.005;
const SEED = 1;

/**
 * The rules' tallies, by name, of validation lists of `list` pictures drawn from every pool.
 * @param drawing `split`: the rest of the pool is held out. `afresh`: drawn with replacement, so that the pool stands for a
 * population whose means are those of the pool; a list without replacement would be nearer to them than chance allows.
 */
export function tally(
  pools: readonly Gains[],
  { list, trials, drawing }: { list: number; trials: number; drawing: "split" | "afresh" },
): Map<string, Tally> {
  const tallies = new Map<string, Tally>(
    RULES.map(({ name }) => [name, { trials: 0, used: 0, harmed: 0, gain: 0 }] as const),
  );
  const stream = new RandomStream(SEED, "gate-lists", list);
  for (const pool of pools)
    for (let trial = 0; trial < trials; trial++) {
      const all = pool.map((_, i) => i);
      const order = drawing === "split" ? stream.shuffle(all) : [];
      const listed = drawing === "split" ? order.slice(0, list) : Array.from({ length: list }, () => stream.pick(all));
      const columns = (rows: readonly number[]) => pool[0].map((_, k) => rows.map((i) => pool[i][k]));
      const looks = looksAt(columns(listed));
      const rest = columns(drawing === "split" ? order.slice(list) : all).map(mean);
      for (const rule of RULES) count(tallies.get(rule.name), used(rule, looks), rest);
    }
  return tallies;
}

function count(tally: Tally | undefined, version: number, rest: readonly number[]): void {
  if (!tally) return;
  tally.trials++;
  if (version < 0) return;
  tally.used++;
  tally.gain += rest[version];
  if (rest[version] < -HARM) tally.harmed++;
}

/** The same gains with another mean for every version. */
export function withMean(gains: Gains, wanted: (version: number) => number): Gains {
  const means = gains[0].map((_, k) => mean(gains.map((row) => row[k])));
  return gains.map((row) => row.map((gain, k) => gain - means[k] + wanted(k)));
}
