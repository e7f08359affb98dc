import type { RandomStream } from "../../math/rng.js";

/** A colour picture being painted: height x width x 3 values, interleaved; about 0..255, clipped at the very end. */
export interface Canvas {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Height x width values, one a pixel: how much of it is covered, 0..1, or any other quantity. */
export type Field = Float32Array;
export type Rgb = readonly [number, number, number];

export function newCanvas(width: number, height: number): Canvas {
  return { data: new Float32Array(width * height * 3), width, height };
}

/** Sets every pixel to a colour made from its position in the picture. */
export function paint(canvas: Canvas, colourAt: (i: number, x: number, y: number) => Rgb): void {
  for (let y = 0, i = 0; y < canvas.height; y++)
    for (let x = 0; x < canvas.width; x++, i++) canvas.data.set(colourAt(i, x, y), i * 3);
}

/** Lays a colour over the picture where `cover` says so. */
export function blend(canvas: Canvas, cover: Field, colour: Rgb, opacity = 1): void {
  for (let i = 0; i < cover.length; i++) {
    const share = cover[i] * opacity;
    if (share <= 0) continue;
    for (let c = 0; c < 3; c++) canvas.data[i * 3 + c] += share * (colour[c] - canvas.data[i * 3 + c]);
  }
}

/** Adds `amount * field` to all channels: shading, texture. */
export function shade(canvas: Canvas, field: Field, amount: number): void {
  for (let i = 0; i < field.length; i++) for (let c = 0; c < 3; c++) canvas.data[i * 3 + c] += amount * field[i];
}

/** Where pixels fall on a lattice of `step` pixels: the node before each, and the eased way from it to the next. */
function easing(length: number, step: number): { node: Int32Array; way: Float32Array } {
  const node = Int32Array.from({ length }, (_, n) => Math.floor(n / step));
  const way = Float32Array.from({ length }, (_, n) => {
    const t = n / step - node[n];
    return t * t * (3 - 2 * t);
  });
  return { node, way };
}

/** Smooth noise about 0, mostly in -1..1: random values on a lattice of `cell` pixels, finer octaves at half strength. */
export function clouds(stream: RandomStream, width: number, height: number, cell: number, octaves = 1): Field {
  const field = new Float32Array(width * height);
  for (let octave = 0; octave < octaves; octave++) {
    const step = Math.max(1, cell / 2 ** octave);
    const across = easing(width, step);
    const down = easing(height, step);
    const columns = across.node[width - 1] + 2;
    const rows = down.node[height - 1] + 2;
    const lattice = Float32Array.from({ length: columns * rows }, () => stream.between(-1, 1));
    const strength = 0.5 ** octave;
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const at = down.node[y] * columns + across.node[x];
        const below = at + columns;
        const upper = lattice[at] + across.way[x] * (lattice[at + 1] - lattice[at]);
        const lower = lattice[below] + across.way[x] * (lattice[below + 1] - lattice[below]);
        field[i] += strength * (upper + down.way[y] * (lower - upper));
      }
  }
  return field;
}

/** Independent noise of mean 0 and deviation 1: four bytes added up, near enough to normal and the same everywhere. */
export function grain(stream: RandomStream, length: number): Float32Array {
  const out = new Float32Array(length);
  const deviation = Math.sqrt((4 * (256 * 256 - 1)) / 12);
  for (let i = 0; i < length; i++) {
    const word = stream.uint32();
    const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
    out[i] = (sum - 510) / deviation;
  }
  return out;
}

export interface Blob {
  readonly x: number;
  readonly y: number;
  /** Mean radius in pixels; `stretch` is the ratio of the axes (1 is round), `wobble` how ragged the outline is (0..0.5). */
  readonly radius: number;
  readonly stretch?: number;
  readonly wobble?: number;
  /** Width in pixels over which the edge fades; one half is reached on the outline whatever it is. */
  readonly soft?: number;
}

const ANGLES = 256;

/** Covers a blob with a ragged outline of four harmonics, drawn from the stream. */
export function blob(stream: RandomStream, width: number, height: number, shape: Blob): Field {
  const { x: cx, y: cy, radius, stretch = 1, wobble = 0.2, soft = 1.5 } = shape;
  const turn = stream.between(0, Math.PI);
  const waves = [2, 3, 4, 6].map((k) => ({ k, phase: stream.between(0, 2 * Math.PI), size: (wobble * 1.6) / k }));
  const outline = Float32Array.from({ length: ANGLES }, (_, n) => {
    const angle = (n / ANGLES) * 2 * Math.PI;
    const ellipse = 1 / Math.hypot(Math.cos(angle) / Math.sqrt(stretch), Math.sin(angle) * Math.sqrt(stretch));
    return radius * ellipse * (1 + waves.reduce((sum, w) => sum + w.size * Math.sin(w.k * angle + w.phase), 0));
  });
  const field = new Float32Array(width * height);
  const reach = Math.max(...outline) + soft;
  for (let y = Math.max(0, Math.floor(cy - reach)); y < Math.min(height, cy + reach); y++)
    for (let x = Math.max(0, Math.floor(cx - reach)); x < Math.min(width, cx + reach); x++) {
      const angle = Math.atan2(y - cy, x - cx) - turn;
      const edge = outline[((Math.round((angle / (2 * Math.PI)) * ANGLES) % ANGLES) + ANGLES) % ANGLES];
      field[y * width + x] = Math.min(1, Math.max(0, 0.5 + (edge - Math.hypot(x - cx, y - cy)) / soft));
    }
  return field;
}

export interface Stroke {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** How far the middle is pushed aside, in pixels. */
  readonly bend: number;
  readonly thickness: number;
}

/** Covers curved lines: hairs, vessels, folds. */
export function strokes(width: number, height: number, lines: readonly Stroke[]): Field {
  const field = new Float32Array(width * height);
  for (const { from, to, bend, thickness } of lines) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const aside = [(-(to[1] - from[1]) / length) * bend * 2, ((to[0] - from[0]) / length) * bend * 2];
    const middle = [(from[0] + to[0]) / 2 + aside[0], (from[1] + to[1]) / 2 + aside[1]];
    const steps = Math.ceil(length + 2 * Math.abs(bend));
    const reach = thickness / 2 + 1;
    for (let s = 0; s <= steps; s++) {
      const t = s / steps;
      const px = (1 - t) ** 2 * from[0] + 2 * t * (1 - t) * middle[0] + t * t * to[0];
      const py = (1 - t) ** 2 * from[1] + 2 * t * (1 - t) * middle[1] + t * t * to[1];
      for (let y = Math.max(0, Math.ceil(py - reach)); y <= Math.min(height - 1, py + reach); y++)
        for (let x = Math.max(0, Math.ceil(px - reach)); x <= Math.min(width - 1, px + reach); x++) {
          const cover = Math.min(1, thickness / 2 + 0.5 - Math.hypot(x - px, y - py));
          if (cover > field[y * width + x]) field[y * width + x] = cover;
        }
    }
  }
  return field;
}
