import { type Colour, drawContours, toRgb } from "./contours.js";
import type { Image, Mask } from "./image.js";
import { resizeImage, resizeMask } from "./resize.js";
import { drawText, LETTER_HEIGHT, textWidth } from "./text.js";

const PAPER = 255;
const INK: Colour = [40, 40, 40];
const GAP = 6;
/** Colours that people with red-green colour blindness tell apart (Okabe and Ito): truth, and the model's answer. */
export const TRUTH_COLOUR: Colour = [0, 158, 115];
export const ANSWER_COLOUR: Colour = [230, 159, 0];

/** A picture in a sheet, with the words above it. */
export interface Tile {
  readonly image: Image;
  readonly caption?: string;
}

function shrinkToWidth(text: string, width: number): number {
  return textWidth(text) * 2 <= width ? 2 : 1;
}

/**
 * Lays pictures out in rows on white paper, each `tileWidth` pixels wide at its own proportions, with its caption above.
 * @param rows may be of different lengths; at least one tile in all
 * @throws RangeError when there is no tile
 */
export function contactSheet(rows: readonly (readonly Tile[])[], tileWidth = 256): Image {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0) throw new RangeError("a sheet needs at least one picture");
  const filled = rows.filter((row) => row.length > 0);
  const scaled = filled.map((row) =>
    row.map(({ image, caption }) => {
      const height = Math.max(1, Math.round((tileWidth * image.height) / image.width));
      return { image: toRgb(resizeImage(image, tileWidth, height)), caption };
    }),
  );
  const caption = scaled.some((row) => row.some((tile) => tile.caption)) ? LETTER_HEIGHT * 2 + GAP : 0;
  const heights = scaled.map((row) => caption + Math.max(...row.map((tile) => tile.image.height)));
  const width = GAP + columns * (tileWidth + GAP);
  const height = GAP + heights.reduce((sum, h) => sum + h + GAP, 0);
  const sheet: Image = { data: new Float32Array(width * height * 3).fill(PAPER), width, height, channels: 3 };
  let top = GAP;
  scaled.forEach((row, r) => {
    row.forEach((tile, c) => {
      const left = GAP + c * (tileWidth + GAP);
      const words = tile.caption ?? "";
      drawText(sheet, words, left, top, INK, shrinkToWidth(words, tileWidth));
      for (let y = 0; y < tile.image.height; y++) {
        const line = tile.image.data.subarray(y * tileWidth * 3, (y + 1) * tileWidth * 3);
        sheet.data.set(line, ((top + caption + y) * width + left) * 3);
      }
    });
    top += heights[r] + GAP;
  });
  return sheet;
}

/**
 * A visual prompt as a picture: 0 is mid grey (128), and the largest magnitude reaches black or white. All channels
 * share one scale, so colours are true to each other. A prompt of zeros is plain grey.
 * @param prompt values around 0, in grey levels
 */
export function showPrompt(prompt: Image): Image {
  let largest = 0;
  for (const value of prompt.data) largest = Math.max(largest, Math.abs(value));
  const scale = largest > 0 ? 127 / largest : 0;
  return { ...prompt, data: prompt.data.map((value) => 128 + value * scale) };
}

export interface Comparison {
  /** RGB, 0..255. */
  readonly image: Image;
  readonly truth: Mask;
  /** What the black box answers to the picture as it is, and with the visual prompt added. */
  readonly zeroShot: Mask;
  readonly adapted: Mask;
  /** Values around 0, in grey levels; its own size. */
  readonly visualPrompt: Image;
  /** Words above the four pictures, for example with the Dice added. */
  readonly captions?: readonly [string, string, string, string];
}

const CAPTIONS = ["image", "zero-shot", "adapted", "visual prompt"] as const;

/** One sample as a row of four tiles: the image; the zero-shot and the adapted answer, each with the truth; the prompt. */
export function comparisonTiles(comparison: Comparison, tileWidth = 256): Tile[] {
  const { image, truth, captions = CAPTIONS } = comparison;
  const height = Math.max(1, Math.round((tileWidth * image.height) / image.width));
  // Outlines are drawn at the tile's size: drawn before, they would be stretched and blurred with the picture.
  const base = resizeImage(image, tileWidth, height);
  const fit = (mask: Mask) => resizeMask(mask, tileWidth, height);
  // The truth is the wider line, so that it still shows where the answer runs exactly along it.
  const outlined = (answer: Mask) =>
    drawContours(drawContours(base, fit(truth), TRUTH_COLOUR, 3), fit(answer), ANSWER_COLOUR, 2);
  const prompt = resizeImage(showPrompt(comparison.visualPrompt), tileWidth, height);
  const pictures = [base, outlined(comparison.zeroShot), outlined(comparison.adapted), prompt];
  return pictures.map((picture, i) => ({ image: picture, caption: captions[i] }));
}

/** `comparisonTiles` as one picture, about 1050 pixels wide; for several samples give their rows to `contactSheet`. */
export function comparisonPanel(comparison: Comparison): Image {
  return contactSheet([comparisonTiles(comparison)]);
}
