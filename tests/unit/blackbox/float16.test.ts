import { fromFloat16, toFloat16 } from "@fedbaps/core/blackbox/float16.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

/** The value of a bit pattern by the definition in IEEE 754: sign, five bits of exponent, ten of fraction. */
function numberOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
const FINITE = 0x7c00;

describe("fromFloat16", () => {
  it("gives the value of every bit pattern", () => {
    const values = fromFloat16(patterns);
    const wrong = Array.from(patterns).filter((bits) => !Object.is(values[bits], numberOf(bits)));
    expect(wrong).toEqual([]);
  });

  it("reads a part of a larger array", () => {
    expect(Array.from(fromFloat16(Uint16Array.of(0, 0x3c00, 0xc000, 0).subarray(1, 3)))).toEqual([1, -2]);
    expect(fromFloat16(new Uint16Array(0))).toHaveLength(0);
  });
});

describe("toFloat16", () => {
  it("gives every bit pattern back from its value; what is no number stays none", () => {
    const bits = toFloat16(fromFloat16(patterns));
    const wrong = Array.from(patterns).filter((pattern) =>
      Number.isNaN(numberOf(pattern)) ? !Number.isNaN(numberOf(bits[pattern])) : bits[pattern] !== pattern,
    );
    expect(wrong).toEqual([]);
  });

  it("rounds to the nearest, and what lies halfway to the even one, over the whole range", () => {
    // Between each pattern and the next: a little below the middle, the middle, a little above it.
    const middles: number[] = [];
    for (let bits = 0; bits + 1 < FINITE; bits++) middles.push((numberOf(bits) + numberOf(bits + 1)) / 2);
    const below = toFloat16(Float32Array.from(middles, (middle) => middle * (1 - 2 ** -20)));
    const at = toFloat16(Float32Array.from(middles));
    const above = toFloat16(Float32Array.from(middles, (middle) => middle * (1 + 2 ** -20)));
    const minus = toFloat16(Float32Array.from(middles, (middle) => -middle));
    const wrong = middles.flatMap((_, bits) => {
      const even = bits % 2 === 0 ? bits : bits + 1;
      const right =
        below[bits] === bits && at[bits] === even && above[bits] === bits + 1 && minus[bits] === even + 0x8000;
      return right ? [] : [bits];
    });
    expect(wrong).toEqual([]);
  });

  it("makes what is too large infinite, from halfway beyond the largest on, and what is too small zero", () => {
    const values = [65504, 65519.99, 65520, 1e9, Number.POSITIVE_INFINITY, 2 ** -25, 2 ** -25 * 1.001, 1e-30, -1e-30];
    const bits = toFloat16(Float32Array.from(values));
    expect(Array.from(bits)).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00, 0, 1, 0, 0x8000]);
  });

  it("is off by half a step at most", () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const [back] = fromFloat16(toFloat16([value]));
        const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1e-30))) - 10);
        expect(Math.abs(back - value)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });
});
