import sharp from "sharp";
import { replaceFile } from "../common/atomic-file.js";
import { messageOf } from "../common/errors.js";
import { ImageError } from "./errors.js";
import type { Image, Mask } from "./image.js";

/** Writes the whole file or nothing, without waiting for the disk. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, bytes, 0o644, false);
  } catch (cause) {
    throw new ImageError(
      "IMAGE_UNWRITABLE",
      `${path}: cannot be written (${messageOf(cause)}); check that the folder exists and has room`,
      { path },
      { cause },
    );
  }
}

/** The picture as 8-bit PNG bytes: values are rounded and clipped to 0..255. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { width, height, channels } = image;
  // A clamped array rounds and clips on assignment; NaN becomes 0.
  const bytes = Uint8ClampedArray.from(image.data);
  return sharp(bytes, { raw: { width, height, channels } }).png().toBuffer();
}

/**
 * Writes a picture as 8-bit PNG (lossless but for rounding), whole or not at all.
 * @throws ImageError IMAGE_UNWRITABLE
 */
export async function writePng(path: string, image: Image): Promise<void> {
  await writeWhole(path, await encodePng(image));
}

/** The mask as one-channel PNG bytes, 255 inside and 0 outside. */
export function encodeMaskPng({ data, width, height }: Mask): Promise<Uint8Array> {
  return encodePng({ data: Float32Array.from(data, (inside) => (inside ? 255 : 0)), width, height, channels: 1 });
}

/**
 * Writes a mask as one-channel PNG, 255 inside and 0 outside, whole or not at all.
 * @throws ImageError IMAGE_UNWRITABLE
 */
export async function writeMaskPng(path: string, mask: Mask): Promise<void> {
  await writeWhole(path, await encodeMaskPng(mask));
}
