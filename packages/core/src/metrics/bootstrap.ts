import type { RandomStream } from "../math/rng.js";
import { mean } from "../math/vector.js";
import { percentile } from "./surface.js";

const RESAMPLES = 2000;
const PERMUTATIONS = 10_000;
/** Up to here all sign patterns are tried (2^12 = 4096), and the answer is exact. */
const EXACT_UP_TO = 12;

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

/**
 * The two-sided p-value of a paired sign-flip permutation test: how often random signs on the differences give a mean
 * as far from 0 as the observed one. Exact up to 12 differences, else from 10,000 random patterns, the observed one
 * counted among them, so that it is never 0 (Phipson and Smyth 2010).
 *
 * @returns in (0, 1]; 1 when there is no difference at all or nothing to test
 */
export function pairedPermutationTest(differences: readonly number[], stream: RandomStream): number {
  const n = differences.length;
  if (n === 0) return 1;
  // A hair less, so that patterns equal to the observed one but for rounding count as equal.
  const observed = Math.abs(mean(differences)) * n - 1e-12 * differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const exact = n <= EXACT_UP_TO;
  const patterns = exact ? 2 ** n : PERMUTATIONS;
  let extreme = 0;
  for (let p = 0; p < patterns; p++) {
    let sum = 0;
    let bits = p;
    for (let i = 0; i < n; i++) {
      if (!exact && i % 32 === 0) bits = stream.uint32();
      sum += bits & 1 ? -differences[i] : differences[i];
      bits >>>= 1;
    }
    if (Math.abs(sum) >= observed) extreme++;
  }
  return exact ? extreme / patterns : (extreme + 1) / (patterns + 1);
}
