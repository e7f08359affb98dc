import { overlap, threshold } from "@fedbaps/core/metrics/overlap.js";
import { describe, expect, it } from "@jest/globals";
import { maskOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

describe("overlap", () => {
  it("gives Dice and IoU of a case counted by hand", () => {
    const { dice, iou } = overlap(maskOf("###.", "...."), maskOf(".##.", ".##."));
    expect(dice).toBeCloseTo((2 * 2) / (3 + 4), 12);
    expect(iou).toBeCloseTo(2 / 5, 12);
  });

  it("gives 1 for two empty masks and 0 when only one is", () => {
    expect(overlap(maskOf(".."), maskOf(".."))).toEqual({ dice: 1, iou: 1 });
    expect(overlap(maskOf("#."), maskOf(".."))).toEqual({ dice: 0, iou: 0 });
    expect(overlap(maskOf(".."), maskOf("#."))).toEqual({ dice: 0, iou: 0 });
  });

  it("counts any value that is not 0 as one pixel inside", () => {
    const written = { data: Uint8Array.from([255, 0]), width: 2, height: 1 };
    expect(overlap(written, maskOf("#."))).toEqual({ dice: 1, iou: 1 });
  });

  it("is symmetric, 1 for equal masks, and dice = 2 iou / (1 + iou)", () => {
    const bits = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bits, (pairs) => {
        const part = (side: 0 | 1) => ({
          data: Uint8Array.from(pairs, (pair) => (pair[side] ? 1 : 0)),
          width: pairs.length,
          height: 1,
        });
        const ab = overlap(part(0), part(1));
        expect(ab).toEqual(overlap(part(1), part(0)));
        expect(overlap(part(0), part(0)).dice).toBe(1);
        expect(ab.dice).toBeCloseTo((2 * ab.iou) / (1 + ab.iou), 12);
      }),
    );
  });

  it("refuses masks of other sizes, also of as many pixels", () => {
    expect(() => overlap(maskOf("##", "##"), maskOf("####"))).toThrow(RangeError);
  });
});

describe("threshold", () => {
  it("takes what is above the level, and nothing that is not a number", () => {
    const map = { data: Float32Array.from([0.49, 0.5, 0.51, Number.NaN]), width: 2, height: 2 };
    expect(Array.from(threshold(map).data)).toEqual([0, 0, 1, 0]);
    expect(Array.from(threshold(map, 0.2).data)).toEqual([1, 1, 1, 0]);
  });
});
