import { type Colour, toRgb } from "./contours.js";
import type { Image, Mask } from "./image.js";
import type { Size } from "./place.js";

/** Where a person clicked, or drew a box, in pixels; only what a drawing needs of a prompt. */
export interface DrawnPrompt {
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
  readonly box?: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
}

export interface OverlayMask {
  readonly mask: Mask;
  readonly colour: Colour;
  /** Share of the colour inside, 0..1; 0 for the outline alone. */
  readonly fill?: number;
  /** Of the outline, in pixels, inside the mask. */
  readonly width: number;
}

/** Line width that reads well in a picture of this size: 2 pixels up to a side of about 700, then a 350th of the shorter. */
export function lineWidth({ width, height }: Size): number {
  return Math.max(2, Math.round(Math.min(width, height) / 350));
}

/**
 * A copy of a picture (three channels, its own size) with masks laid over it, the later on top: tinted inside, with an
 * outline. Linear in the number of pixels, whatever the width.
 * @throws RangeError when a mask is of another size, or a width is no whole number >= 1
 */
export function overlay(image: Image, masks: readonly OverlayMask[]): Image {
  const out = toRgb(image);
  for (const { mask, colour, fill = 0, width } of masks) {
    if (mask.width !== image.width || mask.height !== image.height)
      throw new RangeError(`sizes differ: ${image.width} x ${image.height} and ${mask.width} x ${mask.height}`);
    if (!Number.isInteger(width) || width < 1) throw new RangeError(`width must be a whole number >= 1, not ${width}`);
    const depth = depthInside(mask);
    for (let i = 0, at = 0; i < depth.length; i++, at += 3) {
      if (depth[i] === 0) continue;
      // The outermost pixels lie one step (of three) from what is outside.
      const share = depth[i] <= width * STEP ? 1 : fill;
      if (share === 0) continue;
      for (let c = 0; c < 3; c++) out.data[at + c] += share * (colour[c] - out.data[at + c]);
    }
  }
  return out;
}

const STEP = 3;
const DIAGONAL = 4;
const FAR = 0xffff - DIAGONAL;

/**
 * Three times the distance of each pixel inside to the nearest outside, by the 3-4 chamfer (Borgefors, CVGIP 34 (1986)
 * 344-371); beyond the picture is outside. 0 outside.
 */
function depthInside({ data, width, height }: Mask): Uint16Array {
  const depth = new Uint16Array(data.length);
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : depth[y * width + x]);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (!data[i]) continue;
      const straight = Math.min(at(x - 1, y), at(x, y - 1)) + STEP;
      depth[i] = Math.min(straight, Math.min(at(x - 1, y - 1), at(x + 1, y - 1)) + DIAGONAL, FAR);
    }
  for (let y = height - 1, i = data.length - 1; y >= 0; y--)
    for (let x = width - 1; x >= 0; x--, i--) {
      if (!data[i]) continue;
      const straight = Math.min(at(x + 1, y), at(x, y + 1)) + STEP;
      depth[i] = Math.min(depth[i], straight, Math.min(at(x + 1, y + 1), at(x - 1, y + 1)) + DIAGONAL);
    }
  return depth;
}

const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];

/**
 * Paints a prompt into a colour picture, in place: a cross on every point (a foreground point upright, a background point
 * on its side, like an x), a frame for the box, white with a black rim so that both show on any ground. What falls outside
 * is cut off.
 * @param width of the lines in pixels, a whole number >= 1
 */
export function drawPromptMarks(image: Image, prompt: DrawnPrompt, width: number): void {
  for (const [colour, rim] of [
    [BLACK, Math.ceil(width / 2)],
    [WHITE, 0],
  ] as const) {
    const reach = width / 2 + rim;
    if (prompt.box) {
      const { left, top, right, bottom } = prompt.box;
      for (const y of [top, bottom]) paint(image, left - reach, y - reach, right + reach, y + reach, colour);
      for (const x of [left, right]) paint(image, x - reach, top - reach, x + reach, bottom + reach, colour);
    }
    for (const { x, y, label } of prompt.points) {
      const arm = 4 * width;
      if (label === 1) {
        paint(image, x - arm - rim, y - reach, x + arm + rim, y + reach, colour);
        paint(image, x - reach, y - arm - rim, x + reach, y + arm + rim, colour);
      } else
        for (let step = -arm; step <= arm; step++)
          for (const side of [step, -step])
            paint(image, x + side - reach, y + step - reach, x + side + reach, y + step + reach, colour);
    }
  }
}

/** Every pixel whose centre lies in the rectangle. */
function paint(image: Image, left: number, top: number, right: number, bottom: number, colour: Colour): void {
  const lastX = Math.min(image.width - 1, Math.ceil(right) - 1);
  const lastY = Math.min(image.height - 1, Math.ceil(bottom) - 1);
  for (let y = Math.max(0, Math.ceil(top)); y <= lastY; y++)
    for (let x = Math.max(0, Math.ceil(left)); x <= lastX; x++) image.data.set(colour, (y * image.width + x) * 3);
}
