import { clipToNorm, packUpdate, updateLength, updateScale } from "@fedbaps/core/federation/update.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { norm2 } from "@fedbaps/core/math/vector.js";
import { fromRingSum } from "@fedbaps/core/secagg/quantize.js";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { codeThrown } from "../../protocol/parties.js";

const base = { delta: Float32Array.of(3, -4), clip: 10, images: 50, maxImages: 100, metrics: {}, cohortSize: 3 };

describe("clipping", () => {
  it("leaves short vectors as they are and brings long ones to the bound, never above", () => {
    expect(clipToNorm(Float32Array.of(3, 4), 5)).toEqual(Float32Array.of(3, 4));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.nat(),
        (length, clip, seed) => {
          const stream = new RandomStream(seed, "delta");
          const long = Float32Array.from({ length }, () => stream.between(-5, 5) * clip + clip);
          const norm = norm2(clipToNorm(long, clip));
          expect(norm).toBeLessThanOrEqual(clip);
          expect(norm).toBeGreaterThan(Math.min(norm2(long), clip) * (1 - 1e-6));
        },
      ),
    );
  });

  it("keeps the direction and does not write to its argument", () => {
    const delta = Float32Array.of(30, -40);
    const clipped = clipToNorm(delta, 5);
    expect(clipped[0]).toBeCloseTo(3, 5);
    expect(clipped[1]).toBeCloseTo(-4, 5);
    expect(delta).toEqual(Float32Array.of(30, -40));
    expect(clipToNorm(Float32Array.of(1, 0), 5)).not.toBe(delta);
  });

  it("refuses what diverged", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(codeThrown(() => clipToNorm(Float32Array.of(0, value), 1))).toBe("BAD_UPDATE");
  });
});

describe("a site's vector", () => {
  it("is update, images, then value and count of each metric", () => {
    const packed = packUpdate({ ...base, metrics: { valDice: 0.5, trainLoss: 100 } });
    expect(packed).toHaveLength(updateLength(2));
    expect(updateLength(2)).toBe(9);
    const update = fromRingSum(packed.subarray(0, 2), updateScale(3, 10));
    expect(update[0]).toBeCloseTo(1.5, 6);
    expect(update[1]).toBeCloseTo(-2, 6);
    expect(packed[2]).toBe(50);
    expect(packed[4]).toBe(1);
    expect([packed[5], packed[6]]).toEqual([0, 0]);
    expect(packed[8]).toBe(1);
  });

  it("counts at most maxImages", () => {
    expect(packUpdate({ ...base, images: 5000 })).toEqual(packUpdate({ ...base, images: 100 }));
  });

  it("does not wrap around at the bound, whatever the cohort", () => {
    for (const cohortSize of [3, 7, 100, 200]) {
      const packed = packUpdate({
        ...base,
        delta: Float32Array.of(-1e9),
        images: 100,
        cohortSize,
        metrics: { valDice: 1 },
      });
      const sum = packed.map((word) => Math.imul(word, cohortSize));
      expect(fromRingSum(sum.subarray(0, 1), updateScale(cohortSize, 10))[0] / cohortSize).toBeCloseTo(-10, 4);
      expect(sum[1]).toBe(100 * cohortSize);
    }
  });

  it.each([
    ["no images", { images: 0 }],
    ["half an image", { images: 1.5 }],
    ["images that could wrap around", { maxImages: 2 ** 30 }],
    ["no bound for images", { maxImages: 0 }],
    ["a Dice above 1", { metrics: { valDice: 1.01 } }],
    ["a Dice below 0", { metrics: { zeroShotValDice: -0.01 } }],
    ["a loss that is no number", { metrics: { trainLoss: Number.NaN } }],
    ["an update that is no number", { delta: Float32Array.of(Number.NaN) }],
  ])("refuses %s", (_, change) => {
    expect(codeThrown(() => packUpdate({ ...base, ...change }))).toBe("BAD_UPDATE");
  });
});
