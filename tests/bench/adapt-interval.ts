import { mean, standardError } from "@fedbaps/core/math/vector.js";

/** A mean over seeds with its 95 % interval; one value says nothing of its spread: the interval is that value twice. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** 97.5 % quantiles of Student's t for 1 to 4 degrees of freedom, where the series below is too coarse. */
const T_OF_FEW = [12.7062, 4.3027, 3.1824, 2.7764];
const NORMAL = 1.959964;

/** The 97.5 % quantile of Student's t, to 0.001. @param freedom degrees, from 1 @throws RangeError */
export function tQuantile(freedom: number): number {
  if (!(Number.isInteger(freedom) && freedom >= 1))
    throw new RangeError(`degrees of freedom are whole numbers from 1, not ${freedom}`);
  if (freedom <= T_OF_FEW.length) return T_OF_FEW[freedom - 1];
  const z = NORMAL;
  // Cornish-Fisher (Abramowitz and Stegun 26.7.5).
  return (
    z +
    (z ** 3 + z) / 4 / freedom +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 / freedom ** 2 +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 / freedom ** 3
  );
}

/** The mean of some runs with its 95 % interval by Student's t. No value gives NaN. */
export function intervalOf(values: readonly number[]): Interval {
  const centre = mean(values);
  const count = values.length;
  const half = count < 2 ? 0 : tQuantile(count - 1) * standardError(values);
  return { mean: centre, low: centre - half, high: centre + half, count };
}
