import { RandomStream } from "@fedbaps/core/math/rng.js";
import { mean } from "@fedbaps/core/math/vector.js";
import { bootstrapMeanCi95 } from "@fedbaps/core/metrics/bootstrap.js";
import { signedRankTest } from "@fedbaps/core/metrics/paired-test.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";

/** A mean with its 95 % bootstrap interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** One measure on the same images before and after. */
export interface Comparison {
  readonly metric: "Dice" | "IoU" | "HD95";
  /** Whether less is better. */
  readonly lower: boolean;
  readonly zeroShot: Estimate;
  /** Absent where the site stays zero-shot. */
  readonly adapted?: Estimate;
  /** Of the small network alone; absent where it was not measured. */
  readonly reference?: Estimate;
  /** Of adapted minus zero-shot, paired by image. */
  readonly difference?: Estimate;
  /** Two-sided, of Wilcoxon's signed-rank test. */
  readonly p?: number;
}

/** A mean difference on the same images, and how likely one as large is by chance. */
export interface Paired {
  readonly difference: Estimate;
  /** Two-sided, of Wilcoxon's signed-rank test. */
  readonly p: number;
}

/** Images by what adaptation did to their Dice. */
export interface Outcomes {
  readonly better: number;
  readonly equal: number;
  readonly worse: number;
}

/** With the resamples that `evaluate` takes: the same images give the same interval there and here. */
function estimate(values: readonly number[], seed: number): Estimate {
  const [low, high] = bootstrapMeanCi95(values, new RandomStream(seed, "bootstrap"));
  return { mean: mean(values), low, high };
}

/** To nine digits: what is equal but for rounding is a tie, and no difference is none. */
export function difference(after: number, before: number): number {
  return Math.round((after - before) * 1e9) / 1e9;
}

const METRICS = [
  { metric: "Dice", lower: false, of: ({ dice }: ImageScore) => dice },
  { metric: "IoU", lower: false, of: ({ iou }: ImageScore) => iou },
  { metric: "HD95", lower: true, of: ({ hd95 }: ImageScore) => hd95 },
] as const;

/**
 * Compares measure by measure, paired by image. A measure that an image lacks (HD95, in an older journal) is left out.
 * @param seed of the bootstrap: the same figures at every call. @param reference of the small network alone
 * @throws RangeError unless all are of the same images
 */
export function compare(
  zeroShot: readonly ImageScore[],
  adapted: readonly ImageScore[] | null,
  seed: number,
  reference?: readonly ImageScore[],
): Comparison[] {
  for (const other of [adapted, reference]) if (other) requireSameImages(zeroShot, other);
  return METRICS.flatMap(({ metric, lower, of }) => {
    const before = zeroShot.map(of).filter((value) => value !== undefined);
    const after = adapted?.map(of).filter((value) => value !== undefined);
    if (before.length < zeroShot.length || before.length === 0) return [];
    const alone = reference?.map(of).filter((value) => value !== undefined);
    const base = {
      metric,
      lower,
      zeroShot: estimate(before, seed),
      ...(alone?.length === before.length ? { reference: estimate(alone, seed) } : {}),
    };
    if (!after || after.length < before.length) return [base];
    return [{ ...base, adapted: estimate(after, seed), ...paired(after, before, seed) }];
  });
}

function requireSameImages(a: readonly ImageScore[], b: readonly ImageScore[]): void {
  if (a.length !== b.length || a.some(({ id }, i) => id !== b[i].id))
    throw new RangeError("a paired comparison needs the same images on both sides");
}

function paired(after: readonly number[], before: readonly number[], seed: number): Paired {
  const differences = after.map((value, i) => difference(value, before[i]));
  return { difference: estimate(differences, seed), p: signedRankTest(differences).p };
}

/**
 * By how much Dice the small network alone is ahead of what the site uses; below 0 where it is behind.
 * @param seed of the bootstrap. @throws RangeError unless both are of the same images
 */
export function lead(reference: readonly ImageScore[], inUse: readonly ImageScore[], seed: number): Paired {
  requireSameImages(reference, inUse);
  const dices = (scores: readonly ImageScore[]) => scores.map(({ dice }) => dice);
  return paired(dices(reference), dices(inUse), seed);
}

export function outcomes(zeroShot: readonly ImageScore[], adapted: readonly ImageScore[]): Outcomes {
  const signs = adapted.map(({ dice }, i) => Math.sign(difference(dice, zeroShot[i].dice)));
  const count = (sign: number) => signs.filter((value) => value === sign).length;
  return { better: count(1), equal: count(0), worse: count(-1) };
}
