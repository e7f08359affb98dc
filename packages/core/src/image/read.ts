import type { Image, Mask } from "./image.js";
import { type MaskLevels, type MaskValues, maskLevels, maskValues } from "./mask-values.js";
import { decodeRaster, type Raster } from "./raster.js";

/** Depths that cameras and scanners have, in files of 16 bits a channel. */
const DEPTHS = [8, 10, 12, 14];

/**
 * What white is: 255; in a file of 16 bits the largest number of the depth that its values need, since pictures of 12 bits
 * are saved in 16 as they are, and would be almost black.
 */
function whiteOf({ data, white }: Raster): number {
  if (white === 255) return white;
  let largest = 0;
  for (let i = 0; i < data.length; i++) if (data[i] > largest) largest = data[i];
  const depth = DEPTHS.find((bits) => largest < 2 ** bits);
  return depth ? 2 ** depth - 1 : white;
}

/**
 * Reads a PNG, JPEG, TIFF, BMP, WebP or GIF file; which it is, its content says and not its name.
 *
 * The EXIF orientation is applied, grey becomes three equal channels, 16 bits are scaled to 0..255 without rounding (the
 * range being that of 8, 10, 12, 14 or 16 bits, by the largest value), and transparency is laid on black: in medical
 * pictures it marks what the instrument did not see, and that is black in the pictures that come without transparency.
 * Of a file of many pages or frames the first is taken (`pictureFacts` tells how many there are).
 *
 * @returns RGB, values in 0..255.
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, FILE_FORBIDDEN
 */
export async function readImage(path: string): Promise<Image> {
  const raster = await decodeRaster(path, false);
  const { data, width, height, channels } = raster;
  const pixels = width * height;
  const out = new Float32Array(pixels * 3);
  const scale = 255 / whiteOf(raster);
  const green = channels >= 3 ? 1 : 0;
  const blue = channels >= 3 ? 2 : 0;
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    out[to] = data[from] * scale;
    out[to + 1] = data[from + green] * scale;
    out[to + 2] = data[from + blue] * scale;
  }
  return { data: out, width, height, channels: 3 };
}

function toMask({ levels, width, height, threshold }: MaskLevels): Mask {
  const data = new Uint8Array(levels.length);
  for (let i = 0; i < data.length; i++) data[i] = levels[i] > threshold ? 1 : 0;
  return { data, width, height };
}

/**
 * Reads a mask from any of the formats of `readImage`, turned upright alike: a pixel is inside where its strongest colour
 * channel lies above half of the file's range, so black and white, any bright colour on black, and the grey rims that JPEG
 * leaves are all understood; transparent is outside. In a file of only two values, one of them 0 (as 0 and 1), the other
 * is inside; one of 16 bits whose largest value is at most 255 was written from 8 bits, and its range is 255.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, FILE_FORBIDDEN
 */
export async function readMask(path: string): Promise<Mask> {
  return toMask(maskLevels(await decodeRaster(path, true)));
}

/**
 * Reads a mask as `readMask` does, and what it holds apart from black and white: see `maskFault`.
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, FILE_FORBIDDEN
 */
export async function readMaskValues(path: string): Promise<{ mask: Mask; values: MaskValues }> {
  const raster = await decodeRaster(path, true);
  const levels = maskLevels(raster);
  return { mask: toMask(levels), values: maskValues(raster, levels) };
}
