import { resizeImage, resizePart } from "@fedbaps/core/image/resize.js";
import { describe, expect, it } from "@jest/globals";
import { largestDifference, sameBits } from "../../support/numbers.js";
import { fc } from "../../support/property.js";

interface Plane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

const side = fc.integer({ min: 1, max: 23 });
const plane = fc.tuple(side, side, fc.integer({ min: 0, max: 2 ** 30 })).map(([width, height, salt]): Plane => {
  const data = Float32Array.from(
    { length: width * height },
    (_, i) => ((Math.imul(i + 1, 2 * salt + 1) >>> 8) % 2001) / 100 - 10,
  );
  return { data, width, height };
});
/** A plane with a part of it, fractions included. */
const withPart = fc
  .tuple(plane, fc.double({ min: 0.02, max: 1, noNaN: true }), fc.double({ min: 0.02, max: 1, noNaN: true }))
  .map(([whole, across, down]) => ({ whole, part: { width: whole.width * across, height: whole.height * down } }));

const row = (...values: readonly number[]): Plane => ({
  data: Float32Array.from(values),
  width: values.length,
  height: 1,
});
const across = (from: Plane, extent: number, width: number) =>
  Array.from(resizePart(from, { width: extent, height: 1 }, width, 1));

describe("resizePart", () => {
  it("grows the part with half-pixel centres, and mixes in the neighbour beyond its end", () => {
    // Two of three pixels over four: centres at 0.25, 0.75, 1.25 and 1.75 of the plane.
    expect(across(row(0, 100, 500), 2, 4)).toEqual([0, 25, 75, 200]);
    // Without a neighbour the edge is repeated.
    expect(across(row(0, 100), 2, 4)).toEqual([0, 25, 75, 100]);
  });

  it("grows a fraction of a pixel too: 1.5 of them over three", () => {
    const [first, second, third] = across(row(10, 20, 40), 1.5, 3);
    expect(first).toBeCloseTo(10, 6);
    expect(second).toBeCloseTo(12.5, 6);
    expect(third).toBeCloseTo(17.5, 6);
  });

  it("shrinks by the mean of what is covered, fractions included", () => {
    expect(across(row(0, 10, 20, 30, 90), 4, 2)).toEqual([5, 25]);
    // 2.5 pixels over one: two whole and half of the third.
    const [mean] = across(row(0, 10, 40, 900), 2.5, 1);
    expect(mean).toBeCloseTo((0 + 10 + 20) / 2.5, 5);
  });

  it("takes less than a pixel: the first", () => {
    expect(across(row(7, 9), 0.25, 3)).toEqual([7, 7, 7]);
  });

  it("treats the axes each by itself", () => {
    const from: Plane = { data: Float32Array.of(0, 10, 99, 20, 30, 99, 99, 99, 99), width: 3, height: 3 };
    // Across: two pixels become one mean. Down: two rows become four.
    expect(Array.from(resizePart(from, { width: 2, height: 2 }, 1, 4))).toEqual([5, 10, 20, 43.5]);
  });

  it("gives for the whole what resizeImage gives, bit for bit", () => {
    fc.assert(
      fc.property(plane, side, side, (whole, width, height) => {
        const { data } = resizeImage({ ...whole, channels: 1 }, width, height);
        // The same size is a copy there; here it is the same numbers.
        if (whole.width === width && whole.height === height)
          expect(largestDifference(resizePart(whole, whole, width, height), data)).toBe(0);
        else expect(sameBits(resizePart(whole, whole, width, height), data)).toBe(true);
      }),
    );
  });

  it("of whole pixels that shrink is what the cut plane gives", () => {
    fc.assert(
      fc.property(plane, side, side, (whole, columns, rows) => {
        const part = { width: Math.min(columns, whole.width), height: Math.min(rows, whole.height) };
        const width = Math.max(1, part.width - 2);
        const height = Math.max(1, part.height - 3);
        fc.pre(width < part.width && height < part.height);
        const cut = Float32Array.from(
          { length: part.width * part.height },
          (_, i) => whole.data[Math.floor(i / part.width) * whole.width + (i % part.width)],
        );
        const { data } = resizeImage({ data: cut, ...part, channels: 1 }, width, height);
        expect(largestDifference(resizePart(whole, part, width, height), data)).toBeLessThan(1e-5);
      }),
    );
  });

  it("stays within the range of the plane, and keeps what is flat flat", () => {
    fc.assert(
      fc.property(withPart, side, side, ({ whole, part }, width, height) => {
        const out = resizePart(whole, part, width, height);
        expect(out).toHaveLength(width * height);
        const low = Math.min(...whole.data) - 1e-4;
        const high = Math.max(...whole.data) + 1e-4;
        expect(out.every((value) => value >= low && value <= high)).toBe(true);
        const flat = resizePart({ ...whole, data: whole.data.map(() => 3) }, part, width, height);
        expect(flat.every((value) => Math.abs(value - 3) < 1e-5)).toBe(true);
      }),
    );
  });

  it("puts a ramp where it belongs: no shift, whatever the part and the size", () => {
    const ramp: Plane = { data: Float32Array.from({ length: 256 }, (_, i) => i + 0.5), width: 256, height: 1 };
    fc.assert(
      fc.property(fc.double({ min: 3, max: 253, noNaN: true }), fc.integer({ min: 1, max: 700 }), (extent, width) => {
        for (const [o, value] of across(ramp, extent, width).entries()) {
          // Before the first centre the edge is repeated.
          const expected = Math.max(0.5, ((o + 0.5) * extent) / width);
          // Where it shrinks a pixel counts with its mean, however little of it is covered: an eighth off at most.
          expect(Math.abs(value - expected)).toBeLessThan(width < extent ? 0.126 : 1e-3);
        }
      }),
    );
  });

  it("does not depend on what lies beyond the part and its one neighbour", () => {
    fc.assert(
      fc.property(withPart, side, side, ({ whole, part }, width, height) => {
        const changed = whole.data.map((value, i) => {
          const far = i % whole.width >= part.width + 1 || Math.floor(i / whole.width) >= part.height + 1;
          return far ? 1e6 : value;
        });
        const out = resizePart({ ...whole, data: changed }, part, width, height);
        expect(sameBits(out, resizePart(whole, part, width, height))).toBe(true);
      }),
    );
  });

  it.each([0, -1, 3.01, Number.NaN, Number.POSITIVE_INFINITY])("refuses a part of %p of 3", (extent) => {
    const from = row(1, 2, 3);
    expect(() => resizePart(from, { width: extent, height: 1 }, 2, 2)).toThrow(RangeError);
    const upright = { ...from, width: 1, height: 3 };
    expect(() => resizePart(upright, { width: 1, height: extent }, 2, 2)).toThrow(RangeError);
  });

  it.each([0, -2, 1.5, Number.NaN])("refuses the size %p", (size) => {
    const from = row(1, 2, 3);
    expect(() => resizePart(from, { width: 2, height: 1 }, size, 1)).toThrow(RangeError);
    expect(() => resizePart(from, { width: 2, height: 1 }, 1, size)).toThrow(RangeError);
  });
});
