import type { RandomStream } from "../math/rng.js";
import { percentile } from "./surface.js";

const RESAMPLES = 2000;

/**
 * A 95 % confidence interval of the mean by the percentile bootstrap (Efron 1979) with 2000 resamples. One value gives
 * that value twice: nothing is known about its spread. No value gives NaN twice.
 */
export function bootstrapMeanCi95(values: readonly number[], stream: RandomStream): [number, number] {
  const n = values.length;
  if (n === 0) return [Number.NaN, Number.NaN];
  const means = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[stream.below(n)];
    means[r] = sum / n;
  }
  means.sort();
  return [percentile(means, 2.5), percentile(means, 97.5)];
}
