import type { RandomStream } from "../../math/rng.js";
import { type Blob, blob, type Canvas, type Field, type Rgb, type Stroke } from "./brush.js";

/** Paints a picture as an ideal device would see it and returns how much of each pixel the structure sought covers. */
export type Scene = (canvas: Canvas, stream: RandomStream) => Field;

/** The unit of length of a scene: 1 pixel in a picture whose shorter side is 128. */
export function unit(canvas: Canvas): number {
  return Math.min(canvas.width, canvas.height) / 128;
}

/** The structure sought: somewhere in the inner part, a twentieth to a fifth of the picture. */
export function drawTarget(canvas: Canvas, stream: RandomStream, shape: Partial<Blob> = {}): Field {
  const { width, height } = canvas;
  return blob(stream, width, height, {
    x: width * stream.between(0.32, 0.68),
    y: height * stream.between(0.34, 0.66),
    radius: stream.between(18, 32) * unit(canvas),
    stretch: stream.between(1, 1.6),
    ...shape,
  });
}

/**
 * A small blob of another colour than the target: what a segmenter may take for it.
 * @param spread how much of the picture its centre may lie in, 1 for all of it
 */
export function drawDistractor(
  canvas: Canvas,
  stream: RandomStream,
  radius: readonly [number, number],
  spread = 1,
): Field {
  const { width, height } = canvas;
  return blob(stream, width, height, {
    x: width * (0.5 + spread * stream.between(-0.5, 0.5)),
    y: height * (0.5 + spread * stream.between(-0.5, 0.5)),
    radius: stream.between(...radius) * unit(canvas),
    stretch: stream.between(1, 2),
    soft: 2 * unit(canvas),
  });
}

/** Curved lines across the picture. */
export function crossing(
  canvas: Canvas,
  stream: RandomStream,
  count: number,
  thickness: readonly [number, number],
): Stroke[] {
  const { width, height } = canvas;
  const reach = Math.hypot(width, height) / 2;
  return Array.from({ length: count }, () => {
    const angle = stream.between(0, 2 * Math.PI);
    const x = width * stream.uniform();
    const y = height * stream.uniform();
    const long = reach * stream.between(0.4, 1);
    return {
      from: [x - long * Math.cos(angle), y - long * Math.sin(angle)],
      to: [x + long * Math.cos(angle), y + long * Math.sin(angle)],
      bend: long * stream.between(-0.3, 0.3),
      thickness: stream.between(...thickness) * unit(canvas),
    };
  });
}

/** A colour between two. */
export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])];
}
