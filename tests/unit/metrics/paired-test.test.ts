import { signedRankTest } from "@fedbaps/core/metrics/paired-test.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const many = Array.from({ length: 150 }, (_, i) => (((i * 37) % 101) - 40) / 100);
const tied = Array.from({ length: 130 }, (_, i) => (i % 11) - 1);
const sixty = Array.from({ length: 60 }, (_, i) => (((i * 7919) % 1009) - 380) / 1009);

describe("signedRankTest", () => {
  // Figures of scipy 1.17.1: wilcoxon(method="exact"), with ties method=PermutationMethod(n_resamples=10**9), which goes
  // through all patterns, and for more than 100 method="approx", correction=False; zero_method="wilcox" in all.
  it.each([
    ["ten without ties", [0.031, -0.012, 0.054, 0.008, -0.021, 0.067, 0.015, 0.043, -0.005, 0.029], 9, 0.064453125, 10],
    ["ten with ties", [1, 1, -1, 2, 2, 3, -2, 4, 4, 1], 8.5, 0.060546875, 10],
    ["ties and zeros", [1, 0, 0, 2, -1, 3, 3], 1.5, 0.1875, 5],
    ["all of one sign", [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08], 0, 0.0078125, 8],
    ["sixty", sixty, 551, 0.006818296269569313, 60],
    ["many with ties", many, 3586.5, 0.00022601609929766175, 148],
    ["many, far out in the tail", tied, 150, 1.529435331507011e-19, 118],
  ])("agrees with scipy: %s", (_, differences, statistic, p, count) => {
    const found = signedRankTest(differences);
    expect(Math.min(found.positive, found.negative)).toBe(statistic);
    expect(found.count).toBe(count);
    expect(found.exact).toBe(count <= 100);
    expect(Math.abs(found.p / p - 1)).toBeLessThan(1e-9);
  });

  it("finds nothing where there is nothing: no difference, or no pair at all", () => {
    expect(signedRankTest([])).toMatchObject({ p: 1, count: 0 });
    expect(signedRankTest([0, 0, 0])).toMatchObject({ p: 1, count: 0 });
    expect(signedRankTest([0.3])).toMatchObject({ p: 1, count: 1 });
    expect(() => signedRankTest([0.1, Number.NaN])).toThrow(RangeError);
  });

  it("is the count over all patterns of signs, on any few differences with ties", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 }), (differences) => {
        const { p, positive, negative, count } = signedRankTest(differences);
        const counted = differences.filter((d) => d !== 0).map(Math.abs);
        const rank = (d: number) =>
          counted.filter((other) => other < d).length + (counted.filter((other) => other === d).length + 1) / 2;
        const ranks = counted.map(rank);
        let extreme = 0;
        for (let pattern = 0; pattern < 2 ** count; pattern++) {
          const sum = ranks.reduce((total, r, i) => total + ((pattern >> i) & 1 ? r : 0), 0);
          if (sum <= Math.min(positive, negative)) extreme++;
        }
        expect(p).toBeCloseTo(count === 0 ? 1 : Math.min(1, (2 * extreme) / 2 ** count), 12);
      }),
      { numRuns: 60 },
    );
  });

  it("does not see which of the two comes first, nor the unit", () => {
    const { p, positive, negative } = signedRankTest(sixty);
    const swapped = signedRankTest(sixty.map((d) => -8 * d));
    expect(swapped).toMatchObject({ p, positive: negative, negative: positive });
  });
});
