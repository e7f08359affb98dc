import { RandomStream } from "@fedbaps/core/math/rng.js";
import { signFlipTest } from "@fedbaps/core/metrics/sign-flip.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const normal = (rows: number, ...name: (string | number)[]) => {
  const stream = new RandomStream(1, "sign-flip-test", ...name);
  return Array.from({ length: rows }, () => stream.normal());
};

describe("the sign-flip test", () => {
  it("of one candidate counts the patterns of signs whose sum is as large", () => {
    // Sums of +-1 +-2 +-3 that are at least 6, 4 and 2: one, two and three of the eight.
    expect(signFlipTest([[1, 2, 3]])).toEqual([1 / 8]);
    expect(signFlipTest([[-1, 2, 3]])).toEqual([2 / 8]);
    expect(signFlipTest([[1, -2, 3]])).toEqual([3 / 8]);
  });

  it("has nothing to say for what does not add up to more than nothing", () => {
    expect(signFlipTest([[-1, -2]])).toEqual([1]);
    expect(signFlipTest([[0, 0]])).toEqual([1]);
    expect(signFlipTest([[1, -1]])).toEqual([1]);
    expect(signFlipTest([[]])).toEqual([1]);
    expect(signFlipTest([])).toEqual([]);
  });

  it("is the same for differences of another scale, so a loud candidate does not drown a quiet one", () => {
    const [quiet, loud] = [normal(9, "quiet"), normal(9, "loud")];
    const scaled = signFlipTest([quiet.map((value) => value / 64), loud.map((value) => 64 * value)]);
    expect(scaled).toEqual(signFlipTest([quiet, loud]));
  });

  it("charges nothing for the same candidate twice, and something for another", () => {
    const differences = [0.3, 0.2, -0.1, 0.4, 0.25, 0.05, 0.1];
    const [alone] = signFlipTest([differences]);
    expect(signFlipTest([differences, differences])).toEqual([alone, alone]);
    const [beside] = signFlipTest([differences, normal(7, "other")]);
    expect(beside).toBeGreaterThan(alone);
    // Bonferroni's price is the most that can be asked.
    expect(beside).toBeLessThanOrEqual(2 * alone);
  });

  it("never says less than one pattern of all, and more for a smaller sum", () => {
    const rows = fc.integer({ min: 1, max: 16 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 4 }), fc.nat(), (n, candidates, name) => {
        const all = Array.from({ length: candidates }, (_, k) => normal(n, name, k));
        const sums = all.map((values) => values.reduce((a, b) => a + b, 0) / Math.hypot(...values));
        const found = signFlipTest(all);
        for (const [k, p] of found.entries()) {
          expect(p).toBeGreaterThanOrEqual(2 ** -Math.min(n, 13));
          expect(p).toBeLessThanOrEqual(1);
          for (const [j, other] of found.entries()) if (sums[k] > sums[j]) expect(p).toBeLessThanOrEqual(other);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("above 13 rows draws patterns: near the exact figure, the same every time", () => {
    // 20 equal gains and 5 equal losses: the sign test, P(25 coins show at least 20 heads) = 0.002039.
    const differences = Array.from({ length: 25 }, (_, i) => (i % 5 === 0 ? -1 : 1));
    const [p] = signFlipTest([differences]);
    expect(Math.abs(p - 0.002039)).toBeLessThan(0.0015);
    expect(signFlipTest([differences])).toEqual([p]);
  });

  it("takes rows beyond the bits of one number", () => {
    expect(signFlipTest([new Array<number>(70).fill(0.01)])).toEqual([1 / 8192]);
    // Only the last rows differ in sign: they must be flipped too.
    const [p] = signFlipTest([[...new Array<number>(40).fill(0), 1, 1, 1]]);
    expect(Math.abs(p - 1 / 8)).toBeLessThan(0.012);
  });

  it("refuses what is no number and what does not match", () => {
    expect(() => signFlipTest([[1, Number.NaN]])).toThrow(RangeError);
    expect(() => signFlipTest([[1, 2], [1]])).toThrow(RangeError);
  });
});
