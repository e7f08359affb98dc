import type { Image } from "../image/image.js";
import { blur, meanOf, planes } from "./filters.js";

/** Standard deviations, in pixels of the 128-pixel square, at which local contrast is measured. */
export const CONTRAST_SCALES = [2, 5, 12];
/** Standard deviations, in pixels, of the slight blur of the colours and of the mean of the finest contrast. */
export const SMOOTH_SCALE = 1.5;
export const TEXTURE_SCALE = 4;
/** Reach of the bumps around the click, in pixels. */
export const BUMP_SCALES = [6, 14, 32];
/** Reach of the likeness to the click's colour, in grey levels (root of the summed squares over channels). */
export const LIKENESS_SCALES = [12, 30, 70];
/** Reach of the bumps in the picture's middle, as a share of its side: many centres frame what they look for. */
const CENTRE_SCALES = [0.18, 0.35];
/** Colours and contrasts are divided by this many grey levels, so that basis images have values around one. */
export const COLOUR_UNIT = 48;
export const CONTRAST_UNIT = 16;

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

/** Multipliers of the constant that the click's colour sets, one per channel: no picture is needed for these. */
export const CLICK_COLOURS = ["click-red", "click-green", "click-blue"] as const;

export const PROMPT_BASIS: readonly string[] = [
  ...BUMP_SCALES.map((scale) => `bump-${scale}`),
  "click-distance",
  ...LIKENESS_SCALES.map((scale) => `likeness-${scale}`),
  "likeness-near",
  ...["red", "green", "blue"].map((channel) => `likeness-colour-${channel}`),
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
  const smooth = channels.map((plane) => blur(plane, width, height, SMOOTH_SCALE));
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
  const texture = blur(energy, width, height, TEXTURE_SCALE);
  const typical = meanOf(texture) || 1;
  columns.push(texture.map((value) => value / typical - 1));
  return { basis: interleave(columns), smooth, means };
}

/**
 * The part of the filter bank that depends on the click: pixels x PROMPT_BASIS.length values around one, in that order.
 * Fills `out` where one is given. Written out, not looped, over the basis: this runs for every pair of queries and must stay small beside the black box.
 */
export function promptBasis(
  smooth: readonly Float32Array[],
  means: readonly number[],
  width: number,
  height: number,
  point: { x: number; y: number },
  out: Float32Array = new Float32Array(width * height * PROMPT_BASIS.length),
): Float32Array {
  const at = clamp(Math.round(point.y), height) * width + clamp(Math.round(point.x), width);
  const [red, green, blue] = smooth;
  const [meanRed, meanGreen, meanBlue] = means;
  const clickRed = red[at];
  const clickGreen = green[at];
  const clickBlue = blue[at];
  const [narrowX, middleX, wideX] = BUMP_SCALES.map((scale) => bumpProfile(width, point.x, scale));
  const [narrowY, middleY, wideY] = BUMP_SCALES.map((scale) => bumpProfile(height, point.y, scale));
  const [strict, fair, loose] = LIKENESS_SCALES.map((scale) => 1 / (scale * scale));
  const perDiagonal = 2 / Math.hypot(width, height);
  for (let y = 0, i = 0, o = 0; y < height; y++) {
    const dy = y - point.y;
    for (let x = 0; x < width; x++, i++) {
      const dx = x - point.x;
      const near = wideX[x] * wideY[y];
      const dr = red[i] - clickRed;
      const dg = green[i] - clickGreen;
      const db = blue[i] - clickBlue;
      const squares = dr * dr + dg * dg + db * db;
      // Cauchy kernels: free of exponentials, which cost and differ between machines.
      const like = 1 / (1 + squares * fair);
      const likeLoosely = 1 / (1 + squares * loose);
      const shade = like / COLOUR_UNIT;
      const level = near / COLOUR_UNIT;
      const levelLoosely = likeLoosely / COLOUR_UNIT;
      out[o++] = narrowX[x] * narrowY[y];
      out[o++] = middleX[x] * middleY[y];
      out[o++] = near;
      out[o++] = Math.sqrt(dx * dx + dy * dy) * perDiagonal;
      out[o++] = 1 / (1 + squares * strict);
      out[o++] = like;
      out[o++] = likeLoosely;
      out[o++] = like * near;
      out[o++] = shade * (red[i] - meanRed);
      out[o++] = shade * (green[i] - meanGreen);
      out[o++] = shade * (blue[i] - meanBlue);
      // The difference to the click's colour, near the click and where the colour is like it: what levels a region.
      out[o++] = level * dr;
      out[o++] = level * dg;
      out[o++] = level * db;
      out[o++] = levelLoosely * dr;
      out[o++] = levelLoosely * dg;
      out[o++] = levelLoosely * db;
    }
  }
  return out;
}

/** The colour under the click against the image's mean, one value around one per channel (CLICK_COLOURS). */
export function clickColours(
  smooth: readonly Float32Array[],
  means: readonly number[],
  width: number,
  height: number,
  point: { x: number; y: number },
): number[] {
  const at = clamp(Math.round(point.y), height) * width + clamp(Math.round(point.x), width);
  return smooth.map((plane, c) => (plane[at] - means[c]) / COLOUR_UNIT);
}

function bumpProfile(length: number, centre: number, scale: number): Float64Array {
  const out = new Float64Array(length);
  for (let i = 0; i < length; i++) out[i] = Math.exp(-((i - centre) ** 2) / (2 * scale * scale));
  return out;
}

/** The columns that depend on the place alone: constant, bumps in the middle, distance from it, across and down. */
export function placeBasis(width: number, height: number): Float32Array[] {
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
