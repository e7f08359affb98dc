import { RandomStream } from "@fedbaps/core/math/rng.js";
import { bootstrapMeanCi95, pairedPermutationTest } from "@fedbaps/core/metrics/bootstrap.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const stream = (seed = 1) => new RandomStream(seed, "test");
const normals = (count: number, seed: number, mean = 0) => {
  const source = new RandomStream(seed, "normals");
  return Array.from({ length: count }, () => mean + source.normal());
};

describe("bootstrapMeanCi95", () => {
  it("is as wide as theory says: 1.96 standard errors to each side", () => {
    const values = normals(60, 5, 10);
    const mean = values.reduce((sum, v) => sum + v, 0) / 60;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 60);
    const [low, high] = bootstrapMeanCi95(values, stream());
    const half = (1.96 * deviation) / Math.sqrt(60);
    expect(Math.abs(low - (mean - half))).toBeLessThan(0.15 * half);
    expect(Math.abs(high - (mean + half))).toBeLessThan(0.15 * half);
  });

  it("holds the mean, lies within the values, and is the same for the same stream", () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (all) => {
        const [low, high] = bootstrapMeanCi95(all, stream());
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...all) - 1e-12);
        expect(high).toBeLessThanOrEqual(Math.max(...all) + 1e-12);
        expect(bootstrapMeanCi95(all, stream())).toEqual([low, high]);
      }),
      { numRuns: 4 },
    );
  });

  it("says nothing of no values and gives a single one twice", () => {
    expect(bootstrapMeanCi95([], stream())).toEqual([Number.NaN, Number.NaN]);
    expect(bootstrapMeanCi95([0.5], stream())).toEqual([0.5, 0.5]);
  });
});

describe("pairedPermutationTest", () => {
  it("is exact for few differences: counted by hand", () => {
    // All of one sign: of 2^5 patterns only all + and all - are as extreme.
    expect(pairedPermutationTest([1, 2, 3, 4, 5], stream())).toBe(2 / 32);
    // |1 + 2 - 3| = 0: every pattern is at least as extreme.
    expect(pairedPermutationTest([1, 2, -3], stream())).toBe(1);
    // Sum 4 of 3, 2, -1: as extreme are +-6 and +-4.
    expect(pairedPermutationTest([3, 2, -1], stream())).toBe(4 / 8);
  });

  it("counts equal sums as equal, whatever the rounding", () => {
    expect(pairedPermutationTest([0.1, 0.2, 0.3, 0.1], stream())).toBe(2 / 16);
  });

  it("finds a real difference among many and is never 0", () => {
    const p = pairedPermutationTest(normals(50, 3, 2), stream());
    expect(p).toBeCloseTo(1 / 10_001, 10);
  });

  it("flips the signs of every difference, also past the bits of one random word", () => {
    const late = [...Array(32).fill(0), ...Array(32).fill(1)];
    expect(pairedPermutationTest(late, stream())).toBeCloseTo(1 / 10_001, 10);
  });

  it("uses all differences and fair signs: sampled, it agrees with the normal approximation", () => {
    const differences = normals(60, 11, 0.2);
    const sum = differences.reduce((a, b) => a + b, 0);
    const z = Math.abs(sum) / Math.sqrt(differences.reduce((a, b) => a + b * b, 0));
    // Two-sided tail of the standard normal, Abramowitz and Stegun 26.2.17 (error below 1e-7).
    const t = 1 / (1 + 0.2316419 * z);
    const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    const tail = 2 * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
    expect(Math.abs(pairedPermutationTest(differences, stream()) - tail)).toBeLessThan(0.02);
  });

  it("is uniform when there is no difference: about one in ten below 0.1", () => {
    let low = 0;
    for (let trial = 0; trial < 200; trial++) if (pairedPermutationTest(normals(10, trial), stream()) < 0.1) low++;
    expect(low).toBeGreaterThan(4);
    expect(low).toBeLessThan(40);
  });

  it("gives 1 when there is nothing to test", () => {
    expect(pairedPermutationTest([], stream())).toBe(1);
    expect(pairedPermutationTest([0, 0, 0], stream())).toBe(1);
    expect(pairedPermutationTest(Array(40).fill(0), stream())).toBe(1);
  });
});
