import { drawContours } from "@fedbaps/core/image/contours.js";
import {
  ANSWER_COLOUR,
  comparisonPanel,
  comparisonTiles,
  contactSheet,
  showPrompt,
  TRUTH_COLOUR,
} from "@fedbaps/core/image/panel.js";
import { scalePoint } from "@fedbaps/core/image/place.js";
import { drawText, textWidth } from "@fedbaps/core/image/text.js";
import { describe, expect, it } from "@jest/globals";
import { greyOf, maskOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

/** "#" where a colour picture has exactly this colour. */
function where(image: { data: Float32Array; width: number; height: number }, colour: readonly number[]): string[] {
  return Array.from({ length: image.height }, (_, y) =>
    Array.from({ length: image.width }, (_, x) => {
      const at = (y * image.width + x) * 3;
      return colour.every((value, c) => image.data[at + c] === value) ? "#" : ".";
    }).join(""),
  );
}

const blank = (width: number, height: number) => greyOf(...Array.from({ length: height }, () => Array(width).fill(9)));

describe("drawContours", () => {
  it("paints the outermost pixels inside, closed at the picture's edge, and leaves the original alone", () => {
    const image = blank(5, 5);
    const mask = maskOf(".....", ".####", ".####", ".####", ".####");
    const out = drawContours(image, mask, [1, 2, 3]);
    expect(where(out, [1, 2, 3])).toEqual([".....", ".####", ".#..#", ".#..#", ".####"]);
    expect(out.data[0]).toBe(9);
    expect(image.data.every((value) => value === 9)).toBe(true);
  });

  it("widens inwards", () => {
    const all = maskOf(...Array(6).fill("######"));
    const rows = where(drawContours(blank(6, 6), all, [1, 2, 3], 2), [1, 2, 3]);
    expect(rows[2]).toBe("##..##");
    expect(rows[1]).toBe("######");
  });

  it("refuses a mask of another size", () => {
    expect(() => drawContours(blank(4, 5), maskOf("#"), [0, 0, 0])).toThrow(RangeError);
  });
});

describe("contactSheet", () => {
  it("fits rows of different lengths and proportions, and shows each picture", () => {
    const sheet = contactSheet([[{ image: blank(4, 2) }], [{ image: blank(2, 2) }, { image: blank(2, 4) }]], 10);
    expect([sheet.width, sheet.height]).toEqual([6 + 2 * 16, 6 + 5 + 6 + 20 + 6]);
    const shown = where(sheet, [9, 9, 9]).join("").split("#").length - 1;
    expect(shown).toBe(10 * 5 + 10 * 10 + 10 * 20);
  });

  it("writes captions without any font of the machine, and keeps going on letters that it lacks", () => {
    const bare = contactSheet([[{ image: blank(4, 4) }]], 64);
    const words = contactSheet([[{ image: blank(4, 4), caption: "Dice 0.61 é" }]], 64);
    expect(words.height).toBeGreaterThan(bare.height);
    expect(where(words, [40, 40, 40]).join("")).toContain("#");
  });

  it("refuses to lay out nothing", () => {
    expect(() => contactSheet([[], []])).toThrow(RangeError);
  });
});

describe("drawText", () => {
  it("draws letters as drawn by hand", () => {
    const image = drawContours(blank(11, 7), maskOf(...Array(7).fill(".".repeat(11))), [0, 0, 0]);
    drawText(image, "T7", 0, 0, [1, 2, 3]);
    expect(where(image, [1, 2, 3])).toEqual([
      "#####.#####",
      "..#.......#",
      "..#......#.",
      "..#.....#..",
      "..#....#...",
      "..#....#...",
      "..#....#...",
    ]);
    expect(textWidth("T7")).toBe(11);
  });

  it("cuts off what falls outside", () => {
    const image = drawContours(blank(3, 3), maskOf("...", "...", "..."), [0, 0, 0]);
    drawText(image, "HHH", -2, -2, [1, 2, 3], 2);
    expect(image.data).toHaveLength(27);
  });
});

describe("comparisonPanel", () => {
  const truth = maskOf("####....", "####....", "####....", "####....");
  const answer = maskOf("........", "........", ".....###", ".....###");
  const visualPrompt = greyOf([-2, 0], [0, 1]);
  const image = blank(8, 4);

  it("shows truth and answer in their colours, on the tile that each belongs to", () => {
    const [plain, zeroShot, adapted] = comparisonTiles({
      image,
      truth,
      zeroShot: answer,
      adapted: truth,
      visualPrompt,
    });
    expect(where(plain.image, TRUTH_COLOUR).join("")).not.toContain("#");
    for (const tile of [zeroShot, adapted]) expect(where(tile.image, TRUTH_COLOUR).join("")).toContain("#");
    expect(where(zeroShot.image, ANSWER_COLOUR)[100].indexOf("#")).toBeGreaterThan(128);
    expect(where(adapted.image, ANSWER_COLOUR)[60].indexOf("#")).toBe(0);
  });

  it("is one picture of four tiles, whatever the sizes of image and prompt", () => {
    const panel = comparisonPanel({ image, truth, zeroShot: answer, adapted: answer, visualPrompt });
    expect(panel.width).toBe(6 + 4 * 262);
    expect(panel.height).toBeGreaterThan(128);
  });

  it("shows a prompt of 0 as mid grey and its largest magnitude at the end of the range", () => {
    expect(Array.from(showPrompt(visualPrompt).data)).toEqual([1, 128, 128, 191.5]);
    expect(Array.from(showPrompt(greyOf([0, 0])).data)).toEqual([128, 128]);
  });
});

describe("scalePoint", () => {
  it("maps centres of the grown picture's pixels as resizing does", () => {
    expect(scalePoint({ x: 0, y: 1, label: 1 as const }, { width: 2, height: 2 }, { width: 4, height: 8 })).toEqual({
      x: 0.5,
      y: 5.5,
      label: 1,
    });
  });

  it("keeps the place: there and back is the same, and pixels stay inside", () => {
    const side = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (width, height, toWidth, toHeight, part) => {
          const from = { width, height };
          const to = { width: toWidth, height: toHeight };
          const point = { x: Math.floor(part * width), y: Math.floor(part * height) };
          const there = scalePoint(point, from, to);
          expect(there.x).toBeGreaterThanOrEqual(-0.5);
          expect(there.x).toBeLessThanOrEqual(toWidth - 0.5);
          const back = scalePoint(there, to, from);
          expect(back.x).toBeCloseTo(point.x, 8);
          expect(back.y).toBeCloseTo(point.y, 8);
        },
      ),
    );
  });
});
