import { mean } from "@fedbaps/core/math/vector.js";
import { hasSettled } from "@fedbaps/core/training/early-stop.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import type { Validated } from "@fedbaps/core/training/local-adaptation.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { type Interval, intervalOf } from "./adapt-interval.js";

/** One version of one run, measured on the test split outside its budget. */
export interface VersionPoint {
  /** 0 is zero-shot. */
  readonly version: number;
  /** Queries spent when the site knew it: of all purposes, its validation too. */
  readonly queries: number;
  readonly valDice: number;
  /** Test Dice of this very version. */
  readonly rawDice: number;
  /** Test Dice of the version that the site would use by then: the best on its validation list so far. */
  readonly deployedDice: number;
}

export type Curve = readonly VersionPoint[];
export type CurveFigure = "rawDice" | "deployedDice";

/**
 * @param validated as the run saw it, zero-shot first
 * @param testDice of each, in the same order
 * @throws RangeError where they do not pair
 */
export function curveOf(validated: readonly Validated[], testDice: readonly number[]): VersionPoint[] {
  if (validated.length === 0 || validated.length !== testDice.length)
    throw new RangeError(`${validated.length} versions were validated, ${testDice.length} measured`);
  const choice = new VersionChoice(validated[0].scores);
  let deployedDice = testDice[0];
  return validated.map(({ version, queries, scores }, i) => {
    if (i > 0 && choice.offer(version, scores)) deployedDice = testDice[i];
    // Before any training the site has zero-shot whatever it spent on measuring it.
    return { version, queries: i === 0 ? 0 : queries, valDice: meanDice(scores), rawDice: testDice[i], deployedDice };
  });
}

/** Where a run ends that stops early: its last version, if it never does. */
export function earlyEnd(curve: Curve): VersionPoint {
  return curve.find((_, i) => hasSettled(curve.slice(0, i + 1))) ?? curve[curve.length - 1];
}

/** What a run has at so many queries: the figure of its last version until then. */
export function valueAt(curve: Curve, queries: number, figure: CurveFigure): number {
  const reached = curve.filter((point) => point.queries <= queries);
  return (reached.at(-1) ?? curve[0])[figure];
}

/** All queries at which one of the curves takes a step, in order. */
export function stepsOf(curves: readonly Curve[]): number[] {
  const all = curves.flatMap((curve) => curve.map(({ queries }) => queries));
  return [...new Set(all)].sort((a, b) => a - b);
}

export interface MeanPoint extends Interval {
  readonly queries: number;
}

/**
 * The mean of runs over their queries, as steps.
 * @param groups runs that are averaged before the interval is taken: the centres of a seed. The interval is that of the
 *   gain over zero-shot, over groups: seeds whose test pictures are harder do not widen it.
 */
export function meanCurve(groups: readonly (readonly Curve[])[], figure: CurveFigure): MeanPoint[] {
  const filled = groups.filter((group) => group.length > 0);
  const start = mean(filled.map((group) => mean(group.map(([zeroShot]) => zeroShot[figure]))));
  return stepsOf(filled.flat()).map((queries) => {
    const gains = filled.map((group) => mean(group.map((curve) => valueAt(curve, queries, figure) - curve[0][figure])));
    const gain = intervalOf(gains);
    return { queries, mean: start + gain.mean, low: start + gain.low, high: start + gain.high, count: gain.count };
  });
}

/** Sums of the same figures in another order differ by less. */
const ROUNDING = 1e-9;

/** The fewest queries with which the mean gain of these runs over zero-shot is `gain` and stays there; undefined if never. */
export function queriesToGain(curves: readonly Curve[], gain: number): number | undefined {
  const gainAt = (queries: number) =>
    mean(curves.map((curve) => valueAt(curve, queries, "deployedDice") - curve[0].deployedDice));
  let found: number | undefined;
  for (const queries of stepsOf(curves))
    if (gainAt(queries) < gain - ROUNDING) found = undefined;
    else found ??= queries;
  return found;
}
