import type { Mask } from "@fedbaps/core/image/image.js";
import { squaredDistances } from "@fedbaps/core/metrics/distance.js";
import { hd95, percentile, surfaceOf } from "@fedbaps/core/metrics/surface.js";
import { describe, expect, it } from "@jest/globals";
import { maskOf, rowsOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

const masks = (count: number) =>
  fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 })).chain(([width, height]) => {
    const pixels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: width * height, maxLength: width * height });
    return fc
      .array(pixels, { minLength: count, maxLength: count })
      .map((all) =>
        all.map((values): Mask => ({ data: Uint8Array.from(values, (v) => (v === 4 ? 1 : 0)), width, height })),
      );
  });

/** The definition, pixel against pixel. */
function bruteDistance(mask: Mask, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < mask.data.length; i++)
    if (mask.data[i]) least = Math.min(least, (x - (i % mask.width)) ** 2 + (y - Math.floor(i / mask.width)) ** 2);
  return least;
}

describe("squaredDistances", () => {
  it("equals the distance to the nearest set pixel by search, exactly", () => {
    fc.assert(
      fc.property(masks(1), ([mask]) => {
        const { width, height } = mask;
        const found = squaredDistances(mask.data, width, height);
        const empty = !mask.data.includes(1);
        for (let i = 0; i < found.length; i++) {
          if (empty) expect(found[i]).toBeGreaterThan(1e14);
          else expect(found[i]).toBe(bruteDistance(mask, i % width, Math.floor(i / width)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("stays exact over a large picture with one set pixel in its corner", () => {
    const width = 700;
    const height = 500;
    const set = new Uint8Array(width * height);
    set[0] = 1;
    const found = squaredDistances(set, width, height);
    expect(found[set.length - 1]).toBe(699 ** 2 + 499 ** 2);
    expect(found[123 * width + 456]).toBe(456 ** 2 + 123 ** 2);
  });
});

describe("surfaceOf", () => {
  it("is the pixels inside that touch the outside by a side, or the picture's edge", () => {
    expect(rowsOf(surfaceOfMask(maskOf(".....", ".###.", ".###.", ".###.")))).toEqual([
      ".....",
      ".###.",
      ".#.#.",
      ".###.",
    ]);
  });
});

function surfaceOfMask(mask: Mask): Mask {
  return { ...mask, data: surfaceOf(mask) };
}

describe("percentile", () => {
  it("interpolates as numpy does", () => {
    // numpy.percentile([1, 2, 3, 4], 95) == 3.85
    expect(percentile([1, 2, 3, 4], 95)).toBeCloseTo(3.85, 12);
    expect(percentile([7], 95)).toBe(7);
    expect(percentile([1, 9], 0)).toBe(1);
    expect(percentile([1, 9], 100)).toBe(9);
  });
});

describe("hd95", () => {
  it("is 0 for equal masks and the distance for two single pixels", () => {
    expect(hd95(maskOf("#..", "..."), maskOf("#..", "..."))).toBe(0);
    expect(hd95(maskOf("#....", ".....", ".....", "....."), maskOf(".....", ".....", ".....", "....#"))).toBe(5);
  });

  it("pools both directions, so a far false blob counts even when the truth is hit", () => {
    // Distances: truth to answer 0; answer to truth 0 and 9. Of [0, 0, 9] the 95th percentile is 0 + 0.9 x 9.
    expect(hd95(maskOf("#........#"), maskOf("#........."))).toBeCloseTo(8.1, 12);
    expect(hd95(maskOf("#........."), maskOf("#........#"))).toBeCloseTo(8.1, 12);
  });

  it("follows its convention for empty masks", () => {
    const empty = maskOf("....", "....", "....");
    const one = maskOf("#...", "....", "....");
    expect(hd95(empty, empty)).toBe(0);
    expect(hd95(one, empty)).toBe(5);
    expect(hd95(empty, one)).toBe(5);
  });

  it("equals the definition by search, is symmetric and never above the diagonal", () => {
    fc.assert(
      fc.property(masks(2), ([a, b]) => {
        fc.pre(a.data.includes(1) && b.data.includes(1));
        const sides = [surfaceOfMask(a), surfaceOfMask(b)];
        const distances: number[] = [];
        for (const [from, to] of [sides, [...sides].reverse()])
          from.data.forEach((inside, i) => {
            if (inside) distances.push(Math.sqrt(bruteDistance(to, i % a.width, Math.floor(i / a.width))));
          });
        distances.sort((x, y) => x - y);
        expect(hd95(a, b)).toBeCloseTo(percentile(distances, 95), 12);
        expect(hd95(b, a)).toBe(hd95(a, b));
        expect(hd95(a, b)).toBeLessThanOrEqual(Math.hypot(a.width, a.height));
      }),
    );
  });

  it("refuses masks of other sizes", () => {
    expect(() => hd95(maskOf("#."), maskOf("#", "."))).toThrow(RangeError);
  });
});
