import { RandomStream } from "../math/rng.js";
import { DatasetError } from "./errors.js";

/** What share of the pictures each part gets; the three add up to 1. */
export interface SplitFractions {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

export interface Split<T> {
  readonly train: readonly T[];
  readonly val: readonly T[];
  readonly test: readonly T[];
}

export const DEFAULT_FRACTIONS: SplitFractions = { train: 0.6, val: 0.2, test: 0.2 };

/** Below this a split leaves nothing to learn from: 5 gives 3, 1 and 1. */
export const MIN_PAIRS = 5;

/** How many of `count` go to each part: val and test are rounded and train has the rest, each at least one. */
export function splitCounts(count: number, fractions: SplitFractions): { train: number; val: number; test: number } {
  const { train, val, test } = fractions;
  const usable = [train, val, test].every((share) => share > 0) && Math.abs(train + val + test - 1) < 1e-6;
  if (!usable) throw new RangeError(`fractions must be positive and add up to 1, not ${train}, ${val}, ${test}`);
  if (count < MIN_PAIRS)
    throw new DatasetError(
      "DATASET_TOO_SMALL",
      `${count} pairs of picture and mask are too few to split; bring at least ${MIN_PAIRS}`,
      { count },
    );
  const forTest = Math.max(1, Math.round(count * test));
  const forVal = Math.max(1, Math.min(count - forTest - 1, Math.round(count * val)));
  const spare = Math.min(forTest, count - forVal - 1);
  return { train: count - forVal - spare, val: forVal, test: spare };
}

/**
 * Splits at random, but always the same way: the outcome depends on how many items there are, their order and the seed,
 * and nothing else. Each part keeps the order of the input.
 * @throws DatasetError DATASET_TOO_SMALL
 */
export function splitBySeed<T>(items: readonly T[], seed: number, fractions = DEFAULT_FRACTIONS): Split<T> {
  const counts = splitCounts(items.length, fractions);
  const order = new RandomStream(seed, "split").shuffle(items.map((_, i) => i));
  const part = (from: number, count: number) =>
    order
      .slice(from, from + count)
      .sort((a, b) => a - b)
      .map((i) => items[i]);
  return {
    train: part(0, counts.train),
    val: part(counts.train, counts.val),
    test: part(counts.train + counts.val, counts.test),
  };
}
