import { stat } from "node:fs/promises";
import sharp from "sharp";
import { messageOf } from "../common/errors.js";
import { ImageError } from "./errors.js";
import type { Image, Mask } from "./image.js";

/** Pictures above this are refused before they are decoded: at 12 bytes a pixel they would take over a gigabyte. */
const MAX_PIXELS = 100_000_000;

interface Raster {
  /** height x width x channels, interleaved. */
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** What full white is: 255 or 65535. */
  readonly white: number;
}

async function unreadable(path: string, cause: unknown): Promise<ImageError> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  // sharp's texts run over several lines; only the first says what is wrong.
  const reason = messageOf(cause).split("\n")[0];
  const message = exists
    ? `${path}: not a picture that can be read (${reason}); save it again as PNG or JPEG, or take it out of the folder`
    : `${path}: no such file; check the path`;
  return new ImageError("IMAGE_UNREADABLE", message, { path }, { cause });
}

/** Decodes one file to RGB, 8 or 16 bits a channel, upright and without transparency. */
async function decode(path: string, ignoreIcc: boolean): Promise<Raster> {
  // "error" still refuses truncated files, but not a harmless oddity in the metadata, as "warning" would.
  const source = sharp(path, { failOn: "error", limitInputPixels: false, ignoreIcc });
  try {
    const { width, height, depth } = await source.metadata();
    if (width * height > MAX_PIXELS)
      throw new ImageError(
        "IMAGE_TOO_LARGE",
        `${path}: ${width} x ${height} pixels are more than ${MAX_PIXELS / 1e6} million; save a smaller copy`,
        { path, width, height },
      );
    if (depth !== "uchar" && depth !== "ushort")
      throw new Error(`${depth} samples, where 8 or 16 bits a channel are expected`);
    const wide = depth === "ushort";
    let pipeline = source.autoOrient().flatten({ background: "#000000" });
    pipeline = wide
      ? pipeline.toColourspace("rgb16").raw({ depth: "ushort" })
      : pipeline.toColourspace("srgb").raw({ depth: "uchar" });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : new Uint8Array(data);
    if (values.length !== info.width * info.height * info.channels)
      throw new Error(`${info.width} x ${info.height} pixels announced, other data found`);
    return { data: values, width: info.width, height: info.height, channels: info.channels, white: wide ? 65535 : 255 };
  } catch (error) {
    throw error instanceof ImageError ? error : await unreadable(path, error);
  }
}

/**
 * Reads a PNG, JPEG, TIFF or WebP file.
 *
 * The EXIF orientation is applied, grey becomes three equal channels, 16 bits are scaled to 0..255 without rounding,
 * and transparency is laid on black: in medical pictures it marks what the instrument did not see, and that is black
 * in the pictures that come without transparency. Of a file of many frames the first is taken.
 *
 * @returns RGB, values in 0..255.
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readImage(path: string): Promise<Image> {
  const { data, width, height, channels, white } = await decode(path, false);
  const pixels = width * height;
  const out = new Float32Array(pixels * 3);
  const scale = 255 / white;
  const green = channels >= 3 ? 1 : 0;
  const blue = channels >= 3 ? 2 : 0;
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    out[to] = data[from] * scale;
    out[to + 1] = data[from + green] * scale;
    out[to + 2] = data[from + blue] * scale;
  }
  return { data: out, width, height, channels: 3 };
}

/**
 * Reads a mask: a pixel is inside where its strongest colour channel lies above half of the file's range, so black and
 * white, any bright colour on black, and the grey rims that JPEG leaves are all understood; transparent is outside.
 * A file whose largest value is 1 holds labels 0 and 1 rather than brightness, and 1 is inside; one of 16 bits whose
 * largest value is at most 255 was written from 8 bits, and its range is 255.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readMask(path: string): Promise<Mask> {
  const { data, width, height, channels, white } = await decode(path, true);
  const colours = Math.min(channels, 3);
  const strongest = new Uint16Array(width * height);
  let largest = 0;
  for (let i = 0; i < strongest.length; i++) {
    let value = 0;
    for (let c = 0; c < colours; c++) value = Math.max(value, data[i * channels + c]);
    strongest[i] = value;
    if (value > largest) largest = value;
  }
  const half = (largest <= 1 ? 1 : largest <= 255 ? 255 : white) / 2;
  const out = new Uint8Array(strongest.length);
  for (let i = 0; i < out.length; i++) out[i] = strongest[i] > half ? 1 : 0;
  return { data: out, width, height };
}
