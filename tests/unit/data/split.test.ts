import { MIN_PAIRS, splitBySeed, splitCounts } from "@fedbaps/core/data/split.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

describe("splitCounts", () => {
  it("leaves at least one in each part and loses none, at any count and any fractions", () => {
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: MIN_PAIRS, max: 400 }), share, share, share, (count, a, b, c) => {
        const fractions = { train: a / (a + b + c), val: b / (a + b + c), test: c / (a + b + c) };
        const { train, val, test } = splitCounts(count, fractions);
        expect(train + val + test).toBe(count);
        expect(Math.min(train, val, test)).toBeGreaterThanOrEqual(1);
        for (const [part, fraction] of [
          [val, fractions.val],
          [test, fractions.test],
        ])
          expect(Math.abs(part - count * fraction)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("refuses fractions that do not add up to 1", () => {
    expect(() => splitCounts(10, { train: 0.6, val: 0.2, test: 0.3 })).toThrow(RangeError);
    expect(() => splitCounts(10, { train: 1, val: 0, test: 0 })).toThrow(RangeError);
  });
});

describe("splitBySeed", () => {
  it("gives every item an equal chance of each part", () => {
    const inTest = new Array(10).fill(0);
    for (let seed = 0; seed < 1000; seed++)
      for (const item of splitBySeed([...Array(10).keys()], seed).test) inTest[item]++;
    // 200 expected each, deviation 12.6.
    for (const count of inTest) expect(Math.abs(count - 200)).toBeLessThan(60);
  });

  it("is pinned: the split of a study under way must not change with a new version", () => {
    const letters = [..."abcdefghij"];
    const { train, val, test } = splitBySeed(letters, 1);
    expect([train, val, test].map((part) => part.join(""))).toEqual(PINNED);
  });
});

/** Regression only: what this code gave when it was written. */
const PINNED = ["cdegij", "ab", "fh"];
