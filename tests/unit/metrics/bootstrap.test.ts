import { RandomStream } from "@fedbaps/core/math/rng.js";
import { bootstrapMeanCi95 } from "@fedbaps/core/metrics/bootstrap.js";
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
