import type { Image } from "../image/image.js";
import { RandomStream } from "../math/rng.js";
import { ENCODER_CHANNELS, FREQUENCIES, GRID } from "./baps-layout.js";
import { blur, planes } from "./filters.js";

export const CONTRAST_SCALES = [2, 5, 12];

/**
 * The parameter-free image encoder: a multi-scale filter bank pooled on a GRID x GRID raster.
 * @param image square RGB in 0..255 whose side is a multiple of GRID.
 * @returns GRID x GRID x ENCODER_CHANNELS values around one.
 */
export function encodeImage(image: Image): Float32Array {
  const { width, height } = image;
  const cell = width / GRID;
  const out = new Float32Array(GRID * GRID * ENCODER_CHANNELS);
  const put = (channel: number, values: Float32Array) => {
    for (let i = 0; i < values.length; i++) out[i * ENCODER_CHANNELS + channel] = values[i];
  };
  const channels = planes(image.data);
  for (const [c, plane] of channels.entries()) {
    const mean = pool(plane, width, cell);
    const square = pool(
      plane.map((value) => value * value),
      width,
      cell,
    );
    put(
      c,
      mean.map((value) => value / 64 - 2),
    );
    put(
      3 + c,
      mean.map((value, i) => Math.sqrt(Math.max(0, square[i] - value * value)) / 32),
    );
  }
  const grey = channels[0].map((value, i) => (value + channels[1][i] + channels[2][i]) / 3);
  for (const [s, scale] of CONTRAST_SCALES.entries()) {
    const wide = blur(grey, width, height, scale);
    put(
      6 + s,
      pool(
        grey.map((value, i) => Math.abs(value - wide[i]) / 16),
        width,
        cell,
      ),
    );
  }
  for (let y = 0, i = 0; y < GRID; y++)
    for (let x = 0; x < GRID; x++, i++) {
      out[i * ENCODER_CHANNELS + 9] = (2 * (x + 0.5)) / GRID - 1;
      out[i * ENCODER_CHANNELS + 10] = (2 * (y + 0.5)) / GRID - 1;
      out[i * ENCODER_CHANNELS + 11] = 1;
    }
  return out;
}

function pool(plane: Float32Array, width: number, cell: number): Float32Array {
  const out = new Float32Array(GRID * GRID);
  for (let i = 0; i < plane.length; i++)
    out[Math.floor(Math.floor(i / width) / cell) * GRID + Math.floor((i % width) / cell)] += plane[i];
  return out.map((value) => value / (cell * cell));
}

/**
 * Frequencies of the prompt encoder, from a fixed seed: they belong to the decoder's identity. (The paper's code draws
 * them afresh in every process, so its checkpoints are read with other frequencies than they were trained with.)
 */
export const frequencies = (() => {
  const stream = new RandomStream(0, "baps-prompt-frequencies");
  return Float64Array.from({ length: 2 * FREQUENCIES }, () => stream.normal());
})();

/**
 * SAM-style positional encoding of a click: sine and cosine of 2 pi (2x - 1) B, B drawn once from N(0, 1).
 * @param side of the square that the click's coordinates are in.
 * @returns 2 x FREQUENCIES values in [-1, 1].
 */
export function encodeClick(point: { x: number; y: number }, side: number): Float32Array {
  const out = new Float32Array(2 * FREQUENCIES);
  const x = (2 * (point.x + 0.5)) / side - 1;
  const y = (2 * (point.y + 0.5)) / side - 1;
  for (let f = 0; f < FREQUENCIES; f++) {
    const angle = 2 * Math.PI * (x * frequencies[2 * f] + y * frequencies[2 * f + 1]);
    out[f] = Math.sin(angle);
    out[FREQUENCIES + f] = Math.cos(angle);
  }
  return out;
}
