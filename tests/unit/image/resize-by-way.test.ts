import { resizeByWay } from "@fedbaps/core/image/resize.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

interface Plane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Bilinear with half-pixel centres and repeated edges, pixel by pixel: what PyTorch's `interpolate` documents. */
function bilinear({ data, width, height }: Plane, to: { width: number; height: number }): Plane {
  const at = (x: number, y: number) => data[y * width + x];
  const along = (o: number, from: number, size: number) => {
    const position = Math.max(0, ((o + 0.5) * from) / size - 0.5);
    const low = Math.min(Math.floor(position), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: Math.min(position - low, 1) };
  };
  const out = new Float32Array(to.width * to.height);
  for (let y = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++) {
      const [h, v] = [along(x, width, to.width), along(y, height, to.height)];
      const top = at(h.low, v.low) * (1 - h.share) + at(h.high, v.low) * h.share;
      const bottom = at(h.low, v.high) * (1 - h.share) + at(h.high, v.high) * h.share;
      out[y * to.width + x] = top * (1 - v.share) + bottom * v.share;
    }
  return { data: out, ...to };
}

function cut({ data, width }: Plane, part: { width: number; height: number }): Plane {
  const out = new Float32Array(part.width * part.height);
  for (let y = 0; y < part.height; y++) out.set(data.subarray(y * width, y * width + part.width), y * part.width);
  return { data: out, ...part };
}

const size = fc.integer({ min: 1, max: 14 });
const sizes = fc.record({ width: size, height: size });

describe("resizeByWay", () => {
  it("is enlarging, cutting and resizing, one after the other", () => {
    fc.assert(
      fc.property(
        sizes,
        sizes,
        sizes,
        sizes,
        fc.infiniteStream(fc.integer({ min: -50, max: 50 })),
        (from, via, cutTo, out, values) => {
          const part = { width: Math.min(via.width, cutTo.width), height: Math.min(via.height, cutTo.height) };
          const data = Float32Array.from({ length: from.width * from.height }, () => values.next().value);
          const found = resizeByWay({ data, ...from }, { via, part, out });
          const expected = bilinear(cut(bilinear({ data, ...from }, via), part), out).data;
          expect(found).toHaveLength(out.width * out.height);
          for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(1e-4);
        },
      ),
    );
  });

  it("keeps a plane as it is where every size is its own", () => {
    const plane = { data: Float32Array.from({ length: 12 }, (_, i) => i * i), width: 4, height: 3 };
    expect([...resizeByWay(plane, { via: plane, part: plane, out: plane })]).toEqual([...plane.data]);
  });

  it("reads the picture's part alone, but for the neighbour that enlarging mixes in", () => {
    const plane = (rest: number) => ({
      data: Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? i % 8 : rest)),
      width: 8,
      height: 8,
    });
    const way = { via: { width: 32, height: 32 }, part: { width: 12, height: 32 }, out: { width: 9, height: 5 } };
    expect([...resizeByWay(plane(0), way)]).toEqual([...resizeByWay(plane(1e6), way)]);
  });

  it("refuses sizes that are none and a part beyond the whole", () => {
    const plane = { data: new Float32Array(4), width: 2, height: 2 };
    const four = { width: 4, height: 4 };
    for (const wrong of [
      { via: four, part: { width: 5, height: 4 }, out: four },
      { via: four, part: four, out: { width: 0, height: 4 } },
      { via: { width: 1.5, height: 4 }, part: four, out: four },
    ])
      expect(() => resizeByWay(plane, wrong)).toThrow(RangeError);
  });
});
