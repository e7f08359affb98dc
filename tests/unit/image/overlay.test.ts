import { encodeProbabilityPng } from "@fedbaps/core/image/heat-map.js";
import type { Image, Mask } from "@fedbaps/core/image/image.js";
import { drawPromptMarks, lineWidth, overlay } from "@fedbaps/core/image/overlay.js";
import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { maskOf } from "../../support/pictures.js";

const grey = (width: number, height: number, level = 100): Image => ({
  data: new Float32Array(width * height).fill(level),
  width,
  height,
  channels: 1,
});
const RED = [255, 0, 0] as const;
const pixel = (image: Image, x: number, y: number) => [
  ...image.data.subarray(...[0, 3].map((c) => (y * image.width + x) * 3 + c)),
];

describe("overlay", () => {
  const mask = maskOf(".......", ".#####.", ".#####.", ".#####.", ".#####.", ".#####.", ".......");

  it("tints inside, outlines the rim, and leaves the rest and the picture as they were", () => {
    const image = grey(7, 7);
    const out = overlay(image, [{ mask, colour: RED, fill: 0.5, width: 1 }]);
    expect(pixel(out, 0, 0)).toEqual([100, 100, 100]);
    expect(pixel(out, 1, 3)).toEqual([255, 0, 0]);
    expect(pixel(out, 5, 5)).toEqual([255, 0, 0]);
    expect(pixel(out, 3, 3)).toEqual([177.5, 50, 50]);
    expect(image.data.every((value) => value === 100)).toBe(true);
  });

  it("draws outlines as wide as asked, also along the picture's edge", () => {
    const full: Mask = { data: new Uint8Array(81).fill(1), width: 9, height: 9 };
    const out = overlay(grey(9, 9), [{ mask: full, colour: RED, width: 2 }]);
    const red = Array.from({ length: 9 }, (_, x) => pixel(out, x, 4)[0] === 255);
    expect(red).toEqual([true, true, false, false, false, false, false, true, true]);
  });

  it("takes no longer for a wide line, and refuses a mask of another size", () => {
    const side = 1500;
    const data = new Uint8Array(side * side).fill(1);
    const start = performance.now();
    overlay(grey(side, side), [{ mask: { data, width: side, height: side }, colour: RED, fill: 0.3, width: 40 }]);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(() => overlay(grey(6, 7), [{ mask, colour: RED, width: 1 }])).toThrow(RangeError);
    expect(() => overlay(grey(7, 7), [{ mask, colour: RED, width: 0 }])).toThrow(RangeError);
  });

  it("chooses lines that can be seen in a large picture", () => {
    expect(lineWidth({ width: 128, height: 128 })).toBe(2);
    expect(lineWidth({ width: 4000, height: 2800 })).toBe(8);
  });
});

describe("drawPromptMarks", () => {
  it("marks where the click is, in white with a black rim, and is cut off at the edge", () => {
    const image: Image = { data: new Float32Array(40 * 40 * 3).fill(100), width: 40, height: 40, channels: 3 };
    drawPromptMarks(
      image,
      { points: [{ x: 20, y: 12, label: 1 }], box: { left: 5, top: 2, right: 60, bottom: 30 } },
      2,
    );
    expect(pixel(image, 20, 12)).toEqual([255, 255, 255]);
    expect(pixel(image, 26, 12)).toEqual([255, 255, 255]);
    expect(pixel(image, 26, 10)).toEqual([0, 0, 0]);
    expect(pixel(image, 20, 25)).toEqual([100, 100, 100]);
    expect(pixel(image, 5, 16)).toEqual([255, 255, 255]);
    expect(pixel(image, 39, 30)).toEqual([255, 255, 255]);
  });

  it("tells a background click from a foreground click", () => {
    const marked = (label: 0 | 1) => {
      const image: Image = { data: new Float32Array(40 * 40 * 3).fill(100), width: 40, height: 40, channels: 3 };
      drawPromptMarks(image, { points: [{ x: 20, y: 20, label }] }, 2);
      return [pixel(image, 26, 20)[0], pixel(image, 26, 26)[0]];
    };
    expect(marked(1)).toEqual([255, 100]);
    expect(marked(0)).toEqual([100, 255]);
  });
});

describe("encodeProbabilityPng", () => {
  it("keeps probabilities to 16 bits in one grey channel", async () => {
    const data = Float32Array.of(0, 0.25, 0.5, 0.5000076, 1, Number.NaN);
    const bytes = await encodeProbabilityPng({ data, width: 3, height: 2 });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 3, height: 2, channels: 1, depth: "ushort" });
    const raw = await sharp(bytes).toColourspace("grey16").raw({ depth: "ushort" }).toBuffer();
    const levels = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
    expect([...levels]).toEqual([0, 16384, 32768, 32768, 65535, 0]);
  });
});
