import type { Mask } from "@fedbaps/core/image/image.js";
import { resizeImage, resizeMap, resizeMask } from "@fedbaps/core/image/resize.js";
import { describe, expect, it } from "@jest/globals";
import { greyOf, maskOf, rowsOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

const side = fc.integer({ min: 1, max: 23 });
const mask = fc.tuple(side, side).chain(([width, height]) =>
  fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height }).map((data): Mask => {
    return { data: Uint8Array.from(data), width, height };
  }),
);

describe("resizeImage", () => {
  it("grows with half-pixel centres", () => {
    const grown = resizeImage(greyOf([0, 100]), 4, 1);
    expect(Array.from(grown.data)).toEqual([0, 25, 75, 100]);
  });

  it("shrinks by the mean of the area covered, fractions included", () => {
    expect(Array.from(resizeImage(greyOf([0, 10, 20, 30], [40, 50, 60, 70]), 2, 1).data)).toEqual([25, 45]);
    // Each of the two covers one pixel and a half.
    const [left, right] = resizeImage(greyOf([30, 60, 90]), 2, 1).data;
    expect(left).toBeCloseTo((30 + 30) / 1.5, 4);
    expect(right).toBeCloseTo((30 + 90) / 1.5, 4);
  });

  it("does not alias: fine stripes become their mean, not stripes", () => {
    const stripes = greyOf(Array.from({ length: 512 }, (_, x) => (x % 2 ? 255 : 0)));
    for (const value of resizeImage(stripes, 128, 1).data) expect(value).toBeCloseTo(127.5, 3);
  });

  it("keeps channels apart, and width and height", () => {
    const image = { data: Float32Array.from([1, 2, 3, 1, 2, 3]), width: 2, height: 1, channels: 3 as const };
    const out = resizeImage(image, 3, 5);
    expect([out.width, out.height, out.channels, out.data.length]).toEqual([3, 5, 3, 45]);
    for (let i = 0; i < 45; i++) expect(out.data[i]).toBeCloseTo((i % 3) + 1, 5);
  });

  it("keeps a flat picture flat and stays within the range of the input, at any pair of sizes", () => {
    const picture = fc.tuple(side, side, side, side, fc.integer({ min: 0, max: 2 ** 31 }));
    fc.assert(
      fc.property(picture, ([width, height, toWidth, toHeight, salt]) => {
        const values = Array.from({ length: width * height }, (_, i) => (Math.imul(i + 1, salt | 1) >>> 8) % 256);
        const image = { data: Float32Array.from(values), width, height, channels: 1 as const };
        const out = resizeImage(image, toWidth, toHeight).data;
        const low = Math.min(...values) - 1e-3;
        const high = Math.max(...values) + 1e-3;
        expect(out.every((value) => value >= low && value <= high)).toBe(true);
        const flat = resizeImage({ ...image, data: image.data.map(() => 77) }, toWidth, toHeight).data;
        expect(flat.every((value) => Math.abs(value - 77) < 1e-3)).toBe(true);
      }),
    );
  });

  it("keeps the mean when it shrinks", () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const data = Float32Array.from({ length: width * height }, (_, i) => (i * 37) % 256);
        const total = data.reduce((sum, v) => sum + v, 0) / data.length;
        const toWidth = Math.max(1, width - 3);
        const toHeight = Math.max(1, height - 5);
        const out = resizeImage({ data, width, height, channels: 1 }, toWidth, toHeight).data;
        expect(out.reduce((sum, v) => sum + v, 0) / out.length).toBeCloseTo(total, 2);
      }),
    );
  });

  it("gives a copy at the same size: painting on it leaves the original alone", () => {
    const image = greyOf([1, 2], [3, 4]);
    const copy = resizeImage(image, 2, 2);
    expect(copy.data).toEqual(image.data);
    copy.data[0] = 99;
    expect(image.data[0]).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses the size %p", (size) => {
    expect(() => resizeImage(greyOf([1]), size, 1)).toThrow(RangeError);
    expect(() => resizeImage(greyOf([1]), 1, size)).toThrow(RangeError);
  });
});

describe("resizeMap", () => {
  it("interpolates probabilities and keeps them in [0, 1]", () => {
    const out = resizeMap({ data: Float32Array.from([0, 1]), width: 1, height: 2 }, 1, 4);
    expect(Array.from(out.data)).toEqual([0, 0.25, 0.75, 1]);
  });
});

describe("resizeMask", () => {
  it("grows by the nearest pixel", () => {
    expect(rowsOf(resizeMask(maskOf("#.", ".#"), 4, 4))).toEqual(["##..", "##..", "..##", "..##"]);
  });

  it("shrinks by the majority of the area; exactly half is inside", () => {
    expect(rowsOf(resizeMask(maskOf("###.#...", "#...#..."), 4, 1))).toEqual(["#.#."]);
  });

  it("undoes a growth by a whole factor", () => {
    fc.assert(
      fc.property(mask, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (small, across, down) => {
        const large = resizeMask(small, small.width * across, small.height * down);
        expect(rowsOf(resizeMask(large, small.width, small.height))).toEqual(rowsOf(small));
      }),
    );
  });

  it("never loses the last of a mask and never invents one", () => {
    fc.assert(
      fc.property(mask, side, side, (from, width, height) => {
        const to = resizeMask(from, width, height);
        expect(to.data.includes(1)).toBe(from.data.includes(1));
      }),
      { numRuns: 300 },
    );
  });

  it("keeps a single pixel of a large mask, at its place", () => {
    const data = new Uint8Array(512 * 512);
    data[300 * 512 + 100] = 1;
    const small = resizeMask({ data, width: 512, height: 512 }, 128, 128);
    expect(small.data.indexOf(1)).toBe(75 * 128 + 25);
    expect(small.data.reduce((sum, v) => sum + v, 0)).toBe(1);
  });
});
