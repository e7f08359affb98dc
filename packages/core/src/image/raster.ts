import { readFile } from "node:fs/promises";
import sharp, { type Metadata, type Sharp } from "sharp";
import { messageOf } from "../common/errors.js";
import { decodeBmp } from "./bmp/decode.js";
import { readBmpHeader } from "./bmp/header.js";
import { CONTENT_BYTES, otherContent, type PictureFormat, pictureFormat } from "./content.js";
import { ImageError, imageError } from "./errors.js";
import { fileStart } from "./file-start.js";
import type { Size } from "./place.js";

/** Pictures above this are refused before they are decoded: at 12 bytes a pixel they would take over a gigabyte. */
const MAX_PIXELS = 100_000_000;

/** A decoded picture file: upright, without transparency, of 8 or 16 bits a channel. */
export interface Raster extends Size {
  /** height x width x channels, interleaved, rows from the top. */
  readonly data: Uint8Array | Uint16Array;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  /** The largest number that a channel can hold: 255 or 65535. */
  readonly white: number;
  /** Whether compression changed the values, so that edges have grey rims. */
  readonly lossy: boolean;
}

/** What is known of a picture file without decoding it. */
export interface PictureFacts extends Size {
  /** By its content, not its name. */
  readonly format: PictureFormat;
  /** Pages of a TIFF file, frames of a moving picture; only the first is read. */
  readonly pages: number;
  /** Bits a channel. */
  readonly bits: 8 | 16;
  /** Whether compression changed the values, so that edges have grey rims. */
  readonly lossy: boolean;
}

const NAMES: Readonly<Record<PictureFormat, string>> = {
  png: "PNG",
  jpeg: "JPEG",
  tiff: "TIFF",
  bmp: "BMP",
  webp: "WebP",
  gif: "GIF",
};

const SAVE_AGAIN = "save it again as PNG or JPEG, or take it out of the folder";
const COPY_AGAIN = "copy it again from where it came from, or take it out of the folder";

function tooLarge(path: string, { width, height }: Size): ImageError {
  return new ImageError(
    "IMAGE_TOO_LARGE",
    `${path}: ${width} x ${height} pixels are more than ${MAX_PIXELS / 1e6} million; save a smaller copy`,
    { path, width, height },
  );
}

/** The picture format of a file by its first bytes. */
async function identify(path: string): Promise<{ format: PictureFormat; size: number }> {
  const { head, size } = await fileStart(path, CONTENT_BYTES);
  const format = pictureFormat(head);
  if (format) return { format, size };
  const other = otherContent(head) ?? { reason: "not a picture that is known", remedy: SAVE_AGAIN };
  throw imageError("IMAGE_UNREADABLE", path, other);
}

/** What a library threw about a file of a known format. */
function damaged(path: string, format: PictureFormat, cause: unknown): ImageError {
  // sharp's texts run over several lines, the first of which says what is wrong; some repeat the path.
  const reason = messageOf(cause)
    .split("\n")[0]
    .replaceAll(`${path}: `, "")
    .replace(/^Input file /, "");
  return imageError(
    "IMAGE_UNREADABLE",
    path,
    { reason: `a damaged or cut ${NAMES[format]} (${reason})`, remedy: COPY_AGAIN },
    cause,
  );
}

/** Opens a file for sharp. "error" still refuses truncated files, but not a harmless oddity in the metadata, as "warning" would. */
function open(path: string, ignoreIcc: boolean) {
  return sharp(path, { failOn: "error", limitInputPixels: false, ignoreIcc });
}

async function metadataOf(path: string, format: PictureFormat, source: Sharp): Promise<Metadata> {
  const metadata = await source.metadata().catch((cause: unknown) => {
    throw damaged(path, format, cause);
  });
  if (metadata.width * metadata.height > MAX_PIXELS) throw tooLarge(path, metadata);
  if (metadata.depth !== "uchar" && metadata.depth !== "ushort")
    throw imageError("IMAGE_UNREADABLE", path, {
      reason: `a ${NAMES[format]} of ${metadata.depth} numbers, whose black and white are not known`,
      remedy:
        "save it with 8 or 16 bits a channel (in ImageJ: Image > Type > 16-bit or 8-bit, after setting the range)",
    });
  return metadata;
}

function isLossy(format: PictureFormat): boolean {
  return format === "jpeg" || format === "webp";
}

async function bmpHeader(
  path: string,
  size: number,
): Promise<{ bytes: Buffer; header: ReturnType<typeof readBmpHeader> }> {
  // The longest picture that is read has 4 bytes a pixel, and a header.
  if (size > 4 * MAX_PIXELS + 65536)
    throw new ImageError("IMAGE_TOO_LARGE", `${path}: a BMP of ${size} bytes; save a smaller copy`, { path, size });
  const bytes = await readFile(path);
  try {
    const header = readBmpHeader(bytes);
    if (header.width * header.height > MAX_PIXELS) throw tooLarge(path, header);
    return { bytes, header };
  } catch (cause) {
    throw cause instanceof ImageError ? cause : damaged(path, "bmp", cause);
  }
}

async function decodeBmpFile(path: string, size: number): Promise<Raster> {
  const { bytes, header } = await bmpHeader(path, size);
  try {
    return {
      data: decodeBmp(bytes, header),
      width: header.width,
      height: header.height,
      channels: 3,
      white: 255,
      lossy: false,
    };
  } catch (cause) {
    throw damaged(path, "bmp", cause);
  }
}

/**
 * Decodes a PNG, JPEG, TIFF, BMP, WebP or GIF file, known by its content and not by its name. The EXIF orientation is
 * applied, CMYK and Lab become RGB, a palette is looked up, transparency is laid on black; of several pages or frames the
 * first is taken.
 *
 * @param ignoreIcc whether the numbers stay as stored instead of being converted from the file's colour space to sRGB
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, FILE_FORBIDDEN
 */
export async function decodeRaster(path: string, ignoreIcc: boolean): Promise<Raster> {
  const { format, size } = await identify(path);
  if (format === "bmp") return decodeBmpFile(path, size);
  const source = open(path, ignoreIcc);
  const metadata = await metadataOf(path, format, source);
  const wide = metadata.depth === "ushort";
  try {
    let pipeline = source.autoOrient().flatten({ background: "#000000" });
    pipeline = wide
      ? pipeline.toColourspace("rgb16").raw({ depth: "ushort" })
      : pipeline.toColourspace("srgb").raw({ depth: "uchar" });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : new Uint8Array(data);
    if (values.length !== info.width * info.height * info.channels)
      throw new Error(`${info.width} x ${info.height} pixels announced, other data found`);
    const { width, height, channels } = info;
    return { data: values, width, height, channels, white: wide ? 65535 : 255, lossy: isLossy(format) };
  } catch (cause) {
    throw damaged(path, format, cause);
  }
}

/**
 * What a picture file is, without decoding its pixels: for a check of the data.
 * @returns the size as it is read, upright
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, FILE_FORBIDDEN
 */
export async function pictureFacts(path: string): Promise<PictureFacts> {
  const { format, size } = await identify(path);
  if (format === "bmp") {
    const { header } = await bmpHeader(path, size);
    return { format, width: header.width, height: header.height, pages: 1, bits: 8, lossy: false };
  }
  const metadata = await metadataOf(path, format, open(path, true));
  const { width, height } = metadata.autoOrient;
  return {
    format,
    width,
    height,
    pages: metadata.pages ?? 1,
    bits: metadata.depth === "ushort" ? 16 : 8,
    lossy: isLossy(format),
  };
}
