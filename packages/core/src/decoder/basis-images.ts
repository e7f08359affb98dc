import type { Image } from "../image/image.js";
import { blur, meanOf, planes } from "./filters.js";

/** Standard deviations, in pixels of the 128-pixel square, at which local contrast is measured. */
const CONTRAST_SCALES = [2, 5, 12];
/** Reach of the bumps around the click, in pixels. */
const BUMP_SCALES = [6, 14, 32];
/** Reach of the likeness to the click's colour, in grey levels (root of the summed squares over channels). */
const LIKENESS_SCALES = [12, 30, 70];
/** Reach of the bumps in the picture's middle, as a share of its side: many centres frame what they look for. */
const CENTRE_SCALES = [0.18, 0.35];
/** Colours and contrasts are divided by this many grey levels, so that basis images have values around one. */
const COLOUR_UNIT = 48;
const CONTRAST_UNIT = 16;

export const IMAGE_BASIS: readonly string[] = [
  "constant",
  ...CENTRE_SCALES.map((scale) => `centre-${scale}`),
  "centre-distance",
  "across",
  "down",
  ...["red", "green", "blue"].map((channel) => `colour-${channel}`),
  ...CONTRAST_SCALES.flatMap((scale) => ["red", "green", "blue"].map((channel) => `contrast-${scale}-${channel}`)),
  "texture",
];

export const PROMPT_BASIS: readonly string[] = [
  ...BUMP_SCALES.map((scale) => `bump-${scale}`),
  "click-distance",
  ...LIKENESS_SCALES.map((scale) => `likeness-${scale}`),
  "likeness-near",
  ...["red", "green", "blue"].map((channel) => `likeness-colour-${channel}`),
  ...["red", "green", "blue"].map((channel) => `click-colour-${channel}`),
  ...["red", "green", "blue"].map((channel) => `near-difference-${channel}`),
  ...["red", "green", "blue"].map((channel) => `like-difference-${channel}`),
];

/**
 * The part of the filter bank that depends on the image alone.
 * @param image square RGB in 0..255.
 * @returns `basis`: pixels x IMAGE_BASIS.length values around one, pixel by pixel; `smooth`: the slightly blurred planes
 * and their means, from which the prompt's part is made.
 */
export function imageBasis(image: Image): { basis: Float32Array; smooth: Float32Array[]; means: number[] } {
  const { width, height } = image;
  const count = width * height;
  const channels = planes(image.data);
  const means = channels.map(meanOf);
  const smooth = channels.map((plane) => blur(plane, width, height, 1.5));
  const columns = placeBasis(width, height);
  for (const [c, plane] of channels.entries()) columns.push(plane.map((value) => (value - means[c]) / COLOUR_UNIT));
  const contrasts = CONTRAST_SCALES.map((scale) =>
    channels.map((plane) => {
      const wide = blur(plane, width, height, scale);
      return plane.map((value, i) => (value - wide[i]) / CONTRAST_UNIT);
    }),
  );
  columns.push(...contrasts.flat());
  const energy = new Float32Array(count);
  for (const plane of contrasts[0]) for (let i = 0; i < count; i++) energy[i] += Math.abs(plane[i]);
  const texture = blur(energy, width, height, 4);
  const typical = meanOf(texture) || 1;
  columns.push(texture.map((value) => value / typical - 1));
  return { basis: interleave(columns), smooth, means };
}

/** The part of the filter bank that depends on the click: pixels x PROMPT_BASIS.length values around one. */
export function promptBasis(
  smooth: readonly Float32Array[],
  means: readonly number[],
  width: number,
  height: number,
  point: { x: number; y: number },
): Float32Array {
  const names = PROMPT_BASIS.length;
  const out = new Float32Array(width * height * names);
  const at = clamp(Math.round(point.y), height) * width + clamp(Math.round(point.x), width);
  const click = smooth.map((plane) => plane[at]);
  const diagonal = Math.hypot(width, height) / 2;
  const clickColour = click.map((value, c) => (value - means[c]) / COLOUR_UNIT);
  const bumpX = BUMP_SCALES.map((scale) => bumpProfile(width, point.x, scale));
  const bumpY = BUMP_SCALES.map((scale) => bumpProfile(height, point.y, scale));
  const likenessSquares = LIKENESS_SCALES.map((scale) => 1 / (scale * scale));
  const [red, green, blue] = smooth;
  for (let y = 0, i = 0, o = 0; y < height; y++) {
    const dy = y - point.y;
    for (let x = 0; x < width; x++, i++, o += names) {
      const dx = x - point.x;
      for (let s = 0; s < 3; s++) out[o + s] = bumpX[s][x] * bumpY[s][y];
      out[o + 3] = Math.sqrt(dx * dx + dy * dy) / diagonal;
      const dr = red[i] - click[0];
      const dg = green[i] - click[1];
      const db = blue[i] - click[2];
      const squares = dr * dr + dg * dg + db * db;
      // A Cauchy kernel: as useful as a Gaussian here and free of exponentials, which cost and differ between machines.
      for (let s = 0; s < 3; s++) out[o + 4 + s] = 1 / (1 + squares * likenessSquares[s]);
      const likeness = out[o + 5];
      out[o + 7] = likeness * out[o + 2];
      out[o + 8] = likeness * ((red[i] - means[0]) / COLOUR_UNIT);
      out[o + 9] = likeness * ((green[i] - means[1]) / COLOUR_UNIT);
      out[o + 10] = likeness * ((blue[i] - means[2]) / COLOUR_UNIT);
      out[o + 11] = clickColour[0];
      out[o + 12] = clickColour[1];
      out[o + 13] = clickColour[2];
      // The difference to the click's colour, near the click and where the colour is like it: what levels a region.
      const near = out[o + 2] / COLOUR_UNIT;
      out[o + 14] = near * dr;
      out[o + 15] = near * dg;
      out[o + 16] = near * db;
      const like = out[o + 6] / COLOUR_UNIT;
      out[o + 17] = like * dr;
      out[o + 18] = like * dg;
      out[o + 19] = like * db;
    }
  }
  return out;
}

function bumpProfile(length: number, centre: number, scale: number): Float64Array {
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) out[i] = Math.exp(-((i - centre) ** 2) / (2 * scale * scale));
  return out;
}

/** The columns that depend on the place alone: constant, bumps in the middle, distance from it, across and down. */
function placeBasis(width: number, height: number): Float32Array[] {
  const columns = Array.from({ length: 4 + CENTRE_SCALES.length }, () => new Float32Array(width * height));
  const [constant, ...rest] = columns;
  const bumps = rest.slice(0, CENTRE_SCALES.length);
  const [distance, across, down] = rest.slice(CENTRE_SCALES.length);
  constant.fill(1);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const dx = (x + 0.5) / width - 0.5;
      const dy = (y + 0.5) / height - 0.5;
      const squares = dx * dx + dy * dy;
      for (const [s, scale] of CENTRE_SCALES.entries()) bumps[s][i] = Math.exp(-squares / (2 * scale * scale));
      distance[i] = Math.SQRT2 * Math.sqrt(squares);
      across[i] = 2 * dx;
      down[i] = 2 * dy;
    }
  return columns;
}

function interleave(columns: readonly Float32Array[]): Float32Array {
  const count = columns[0].length;
  const out = new Float32Array(count * columns.length);
  for (const [c, column] of columns.entries())
    for (let i = 0, o = c; i < count; i++, o += columns.length) out[o] = column[i];
  return out;
}

function clamp(value: number, length: number): number {
  return Math.min(length - 1, Math.max(0, value));
}
