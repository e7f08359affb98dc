// No cohort that a study allows can make a sum wrap around, and the mean is as exact as its docstring says.
import { openSum } from "@fedbaps/core/federation/aggregation.js";
import { checkImageBound, METRICS, packUpdate, updateLength, updateScale } from "@fedbaps/core/federation/update.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { addWords } from "@fedbaps/core/secagg/masks.js";
import { ringScale } from "@fedbaps/core/secagg/quantize.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, siteNames } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";

/** What a study and a cohort may be: wire/study.ts (clip, maxImages) and secagg/cohort.ts (sites). */
const cohorts = (smallestClip: number) =>
  fc.record({
    sites: fc.integer({ min: 3, max: 200 }),
    clip: fc.oneof(
      fc.constantFrom(1e6, 10, 2 ** 20, smallestClip),
      fc.double({ min: smallestClip, max: 1e6, noNaN: true }),
      fc.integer({ min: Math.ceil(Math.log10(smallestClip)), max: 5 }).map((power) => 10 ** power),
    ),
    maxImages: fc.oneof(fc.constantFrom(1, 1_000_000), fc.integer({ min: 1, max: 1_000_000 })),
  });

/** A ring element as the number that the protocol takes it for. */
const signed = (word: number) => BigInt(word | 0);

describe("headroom", () => {
  it("the worst vectors of all sites add up, in exact integers, to what the ring's sum says", () => {
    fc.assert(
      // Updates are float32, which loses digits below 1e-38.
      fc.property(cohorts(1e-30), fc.double({ min: -1, max: 1, noNaN: true }), ({ sites, clip, maxImages }, share) => {
        const worst = [clip, -clip, share * clip].map((value) =>
          packUpdate({
            delta: Float32Array.of(Math.fround(value)),
            clip,
            images: 2_000_000,
            maxImages,
            metrics: { valDice: 1, zeroShotValDice: 1, trainLoss: 1e9 },
            cohortSize: sites,
          }),
        );
        for (const vector of worst) {
          const sum = new Uint32Array(vector.length);
          for (let i = 0; i < sites; i++) addWords(sum, vector);
          for (const [i, word] of sum.entries()) expect(signed(word)).toBe(BigInt(sites) * signed(vector[i]));
          expect(sum[1]).toBe(sites * maxImages);
          expect(sum[1]).toBeLessThan(2 ** 31);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("at the ring's own level: every coordinate at the bound plus half a step of rounding stays below 2^31", () => {
    fc.assert(
      fc.property(cohorts(1e-300), ({ sites, clip }) => {
        const scale = updateScale(sites, clip);
        // A power of two times a float64 is exact.
        expect(sites * (clip * scale + 0.5)).toBeLessThan(2 ** 31);
        for (const { bound } of METRICS)
          expect(sites * (bound * ringScale({ parties: sites, bound }) + 0.5)).toBeLessThan(2 ** 31);
        // At least 2^22 steps between zero and the bound are left to the largest cohort.
        expect(clip * scale).toBeGreaterThanOrEqual(2 ** 22);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused, and in finite time, where there is none", () => {
    for (const [parties, bound] of [
      [32_768, 1],
      [3, 1e-310],
      [3, Number.MIN_VALUE],
      [200, Number.MAX_VALUE],
    ])
      expect(codeThrown(() => ringScale({ parties, bound }))).toBe("NO_HEADROOM");
    expect(ringScale({ parties: 32_767, bound: 1 })).toBe(2 ** 16);
    expect(codeThrown(() => checkImageBound(200, 2 ** 31 / 200))).toBe("BAD_UPDATE");
    expect(codeThrown(() => checkImageBound(2 ** 11, 2 ** 20))).toBe("BAD_UPDATE");
    expect(() => checkImageBound(200, 1_000_000)).not.toThrow();
  });
});

/** A finite float64 as numerator / 2^1074, which it always is. */
function exactly(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0];
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

const UNIT = 1n << 1074n;

/** numerator / denominator as a float64, off by less than 2^-60. */
const toNumber = (numerator: bigint, denominator: bigint) => Number((numerator << 60n) / denominator) / 2 ** 60;

/** Random updates of norm below `clip`; the weighted mean by the protocol's functions and in exact fractions. */
function meanError(imagesOf: (site: number) => number, seed: number) {
  const [sites, clip, maxImages, length] = [100, 10, 10_000, 64];
  const stream = new RandomStream(seed, "updates");
  const sum = new Uint32Array(updateLength(length));
  const weighted = Array.from({ length }, () => 0n);
  let images = 0;
  for (let site = 0; site < sites; site++) {
    const delta = Float32Array.from({ length }, () => stream.between(-1, 1) * (clip / Math.sqrt(length)));
    const own = imagesOf(site);
    images += own;
    addWords(sum, packUpdate({ delta, clip, images: own, maxImages, metrics: {}, cohortSize: sites }));
    for (let i = 0; i < length; i++) weighted[i] += exactly(delta[i]) * BigInt(own);
  }
  const survivors = siteNames(sites);
  const { meanUpdate } = openSum({ sum, parameterCount: length, cohortSize: sites, survivors, clip, maxImages });
  const worst = Math.max(
    ...weighted.map((value, i) => {
      const error = exactly(meanUpdate[i]) * BigInt(images) - value;
      return Math.abs(toNumber(error, UNIT * BigInt(images)));
    }),
  );
  const bound = sites / (2 * updateScale(sites, clip) * (images / maxImages));
  // The mean is then kept in float32: half a unit in the last place of a number up to the clip bound.
  return { worst, bound: bound + clip * 2 ** -24, clip, weight: images / maxImages };
}

describe("the mean of 100 sites, against exact fractions", () => {
  it("is off by less than 10^-6 of the clip bound where all have full weight", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { worst, bound, clip, weight } = meanError(() => 10_000, seed);
      expect(weight).toBe(100);
      expect(bound).toBeLessThan(1e-6 * clip);
      expect(worst).toBeLessThanOrEqual(bound);
      expect(worst).toBeGreaterThan(0);
    }
  });

  it("is off by at most n / (2 scale sum of weights) where weights differ or are small", () => {
    const shares: ((site: number) => number)[] = [
      (site) => 1 + site * 100,
      (site) => (site === 0 ? 10_000 : 1),
      () => 100,
      () => 1,
    ];
    for (const [seed, imagesOf] of shares.entries()) {
      const { worst, bound } = meanError(imagesOf, 10 + seed);
      expect(worst).toBeLessThanOrEqual(bound);
    }
    // One image of ten thousand each: the bound is ten thousand times that of full weights, and half-used at least.
    const { worst, bound, clip } = meanError(() => 1, 20);
    expect(bound).toBeLessThan(5e-4 * clip);
    expect(worst).toBeGreaterThan(bound / 100);
  });
});
