import { SecAggError } from "./errors.js";

/** Sums must stay below 2^31 in magnitude to be read back as two's complement. */
const HALF_RING = 2 ** 31;
/** Fewer steps than this between 0 and the bound is too coarse to train with. */
const SMALLEST_RESOLUTION = 2 ** 16;
/** 2^1023 is the largest power of two in float64. */
const LARGEST_EXPONENT = 1023;

/**
 * The largest power of two by which `parties` values of magnitude at most `bound` can be multiplied, rounded and added
 * without leaving [-2^31, 2^31). A power of two, so that scaling is exact in floating point.
 * @throws SecAggError BAD_VALUE for arguments out of range; NO_HEADROOM where the bound would have fewer than 2^16 steps.
 */
export function ringScale({ parties, bound }: { parties: number; bound: number }): number {
  if (!Number.isInteger(parties) || parties < 1)
    throw new SecAggError("BAD_VALUE", `the number of parties must be a whole number from 1, not ${parties}`);
  if (!(bound > 0) || !Number.isFinite(bound))
    throw new SecAggError("BAD_VALUE", `the bound of a value must be a positive number, not ${bound}`);
  const fits = (exponent: number) => parties * (bound * 2 ** exponent + 0.5) < HALF_RING;
  // For a bound below 1e-300 the quotient, and from 2^1024 the scale, would be infinite.
  let exponent = Math.min(Math.floor(Math.log2(HALF_RING / (parties * bound))), LARGEST_EXPONENT);
  // The logarithm may be off by one, and rounding takes half a step per party.
  while (!fits(exponent)) exponent--;
  const scale = 2 ** exponent;
  if (!(bound * scale >= SMALLEST_RESOLUTION))
    throw new SecAggError(
      "NO_HEADROOM",
      `${parties} parties with a bound of ${bound} leave too little precision in 32 bits; lower either of them`,
      { parties, bound },
    );
  return scale;
}

/**
 * Fixed point: round(value * scale) modulo 2^32, negative numbers in two's complement. Off by at most 0.5 / scale.
 * @throws SecAggError BAD_VALUE where a value is not finite or beyond +-bound.
 */
export function toRing(values: ArrayLike<number>, scale: number, bound: number): Uint32Array {
  const out = new Uint32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const value = values[i];
    // Written so that NaN is refused too.
    if (!(Math.abs(value) <= bound))
      throw new SecAggError("BAD_VALUE", `value ${value} at index ${i} is not within +-${bound}`, { index: i });
    out[i] = Math.round(value * scale);
  }
  return out;
}

/**
 * The inverse of `toRing` on a sum of such vectors: two's complement, divided by the scale. Exact.
 *
 * What rounding costs: each of n vectors is off by at most 0.5 / scale, their sum by n / (2 scale), and a weighted mean
 * read off it, sum_i w_i x_i / sum_i w_i, by n / (2 scale sum_i w_i). The scale of n parties is above
 * (2^31 / n - 0.5) / (2 bound), so with full weights (w_i = 1) a mean is off by at most about n / 2^31 of the bound:
 * 4.7e-8 for 100 sites. With small weights it is that times n / sum_i w_i.
 */
export function fromRingSum(sum: Uint32Array, scale: number): Float64Array {
  const out = new Float64Array(sum.length);
  for (let i = 0; i < out.length; i++) out[i] = (sum[i] | 0) / scale;
  return out;
}
