import type { RandomStream } from "../../math/rng.js";
import { type Canvas, clouds, grain, type Rgb } from "./brush.js";

/** What a site's device and habits do to a picture. */
export interface Acquisition {
  /** Contrast that is left, 0..1, about the picture's own mean: 0.25 leaves a lesion 20 of 80 grey levels. */
  readonly contrast: number;
  /** Where the mean ends up, 0..255: exposure. */
  readonly level: number;
  /** Gain of each channel: white balance. */
  readonly cast: Rgb;
  /** How much darker the corners are, 0..1. */
  readonly vignette: number;
  /** How much of the picture a bright, uneven veil covers, 0..1. */
  readonly haze: number;
  /** Deviation of the sensor's noise in grey levels. */
  readonly noise: number;
  /** One noise for all channels, as in pictures that are grey by nature. */
  readonly grey: boolean;
  /** Passes of a 1-2-1 blur. */
  readonly blur: number;
}

/** One pass of the 1-2-1 kernel along both axes; edges repeat. */
function blurOnce({ data, width, height }: Canvas): void {
  for (const [count, length, between, along] of [
    [height, width, width * 3, 3],
    [width, height, 3, width * 3],
  ])
    for (let line = 0; line < count; line++)
      for (let c = 0; c < 3; c++) {
        let before = data[line * between + c];
        for (let n = 0, i = line * between + c; n < length; n++, i += along) {
          const here = data[i];
          const after = n + 1 < length ? data[i + along] : here;
          data[i] = (before + 2 * here + after) / 4;
          before = here;
        }
      }
}

/** Takes the picture as the site's device would, in place; values end as whole numbers in 0..255, as in a file. */
export function acquire(canvas: Canvas, how: Acquisition, stream: RandomStream): void {
  const { data, width, height } = canvas;
  for (let pass = 0; pass < how.blur; pass++) blurOnce(canvas);
  let mean = 0;
  for (let i = 0; i < data.length; i++) mean += data[i];
  mean /= data.length;
  const veil = clouds(stream, width, height, width / 3);
  const noise = grain(stream, how.grey ? width * height : data.length);
  // No two pictures of a device are exposed quite alike.
  const level = how.level + stream.between(-8, 8);
  const contrast = how.contrast * stream.between(0.85, 1.15);
  // Rounds and clips on assignment.
  const bytes = new Uint8ClampedArray(data.length);
  const corner = (width * width + height * height) / 4;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const off = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / corner;
      const haze = how.haze * (0.75 + 0.25 * veil[i]);
      for (let c = 0; c < 3; c++) {
        let value = (level + contrast * (data[i * 3 + c] - mean)) * how.cast[c] * (1 - how.vignette * off);
        value += haze * (215 - value) + how.noise * noise[how.grey ? i : i * 3 + c];
        bytes[i * 3 + c] = value;
      }
    }
  data.set(bytes);
}
