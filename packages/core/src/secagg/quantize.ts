import { SecAggError } from "./errors.js";

/** Sums must stay below 2^31 in magnitude to be read back as two's complement. */
const HALF_RING = 2 ** 31;
/** Fewer steps than this between 0 and the bound is too coarse to train with. */
const SMALLEST_RESOLUTION = 2 ** 16;

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
  let exponent = Math.floor(Math.log2(HALF_RING / (parties * bound)));
  // The logarithm may be off by one, and rounding takes half a step per party.
  while (!fits(exponent)) exponent--;
  const scale = 2 ** exponent;
  if (!(bound * scale >= SMALLEST_RESOLUTION) || !Number.isFinite(scale))
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

/** The inverse of `toRing` on a sum of such vectors: two's complement, divided by the scale. Exact. */
export function fromRingSum(sum: Uint32Array, scale: number): Float64Array {
  const out = new Float64Array(sum.length);
  for (let i = 0; i < out.length; i++) out[i] = (sum[i] | 0) / scale;
  return out;
}
