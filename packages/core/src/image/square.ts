import type { Size } from "./place.js";

/** Pixels whose sides differ by less stay as they are. */
const SQUARE_ENOUGH = 0.01;

/** Half a pixel is the usual outcome (5 mm slices on 2 mm pixels): it goes up in an image and in its mask alike. */
function wholePixels(exact: number): number {
  return Math.max(1, Math.floor(exact + 0.5 + 0.01));
}

/**
 * The size of a picture with square pixels as small as the finer of its sides; its own size where the sides differ by at
 * most 1 %.
 * @param dx width of a pixel. @param dy its height, in the same unit
 */
export function squareSize(width: number, height: number, dx: number, dy: number): Size {
  const finer = Math.min(dx, dy);
  if (Math.max(dx, dy) <= finer * (1 + SQUARE_ENOUGH)) return { width, height };
  return { width: wholePixels((width * dx) / finer), height: wholePixels((height * dy) / finer) };
}
