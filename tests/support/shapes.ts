// Bright shapes on a dark ground, and where the edges of an answer lie.
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { MIDDLE_GREY } from "./sam-decoders.js";

const BRIGHT = MIDDLE_GREY + 100;
const DARK = MIDDLE_GREY - 100;

/** Lines in a picture, 0 at its left or upper border: pixel i lies from i to i + 1. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function drawn(width: number, height: number, level: (x: number, y: number) => number): Image {
  const data = new Float32Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i += 3) data.fill(level(x, y), i, i + 3);
  return { data, width, height, channels: 3 };
}

/** A bright rectangle, its edges between pixels. */
export function rectangle(width: number, height: number, { left, top, right, bottom }: Edges): Image {
  return drawn(width, height, (x, y) => (x >= left && x < right && y >= top && y < bottom ? BRIGHT : DARK));
}

/** A bright disc about a pixel position, fractions allowed, with an edge of one pixel. */
export function disc(width: number, height: number, centre: { x: number; y: number }, radius: number): Image {
  return drawn(width, height, (x, y) => {
    const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x - centre.x, y - centre.y)));
    return DARK + share * (BRIGHT - DARK);
  });
}

/** Where the answer's probability passes one half, going from a pixel inside to all four sides. */
export function edgesOf({ data, width, height }: ProbabilityMap, inside: { x: number; y: number }): Edges {
  const [column, row] = [Math.round(inside.x), Math.round(inside.y)];
  const across = (x: number) => logit(data[row * width + x]);
  const down = (y: number) => logit(data[y * width + column]);
  return {
    left: crossing(across, column, -1, width),
    right: crossing(across, column, 1, width),
    top: crossing(down, row, -1, height),
    bottom: crossing(down, row, 1, height),
  };
}

const logit = (p: number) => Math.log(p / (1 - p));

function crossing(at: (position: number) => number, from: number, step: -1 | 1, length: number): number {
  for (let i = from; i + step >= 0 && i + step < length; i += step)
    if (at(i) > 0 && at(i + step) <= 0) return i + 0.5 + (step * at(i)) / (at(i) - at(i + step));
  return Number.NaN;
}

/** The centre of what is more probable than not, as a pixel position. */
export function centreOf({ data, width }: ProbabilityMap): { x: number; y: number } {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const weight = Math.max(0, data[i] - 0.5);
    sum += weight;
    x += weight * (i % width);
    y += weight * Math.floor(i / width);
  }
  return { x: x / sum, y: y / sum };
}
