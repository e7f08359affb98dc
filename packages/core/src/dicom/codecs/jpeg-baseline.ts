import sharp from "sharp";
import { messageOf } from "../../common/errors.js";
import { CodecError } from "./codec-error.js";
import type { JpegHeader } from "./jpeg-markers.js";

const APP0 = 0xe0;
const APP14 = 0xee;

/** An Adobe marker that tells the decoder which colours it has: 0 RGB, 1 YCbCr. */
function adobeMarker(transform: 0 | 1): Uint8Array {
  return Uint8Array.from([0xff, APP14, 0, 14, ...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, transform]);
}

/**
 * Whether three components are YCbCr. DICOM's photometric interpretation decides; it is overruled where the stream cannot
 * be what it says: many files call YCbCr RGB, since that is what their writers got back from their decoder.
 */
function isYcc(header: JpegHeader, photometric: string): boolean {
  const subsampled = header.components.some(({ across, down }) => across !== 1 || down !== 1);
  const letters = String.fromCharCode(...header.components.map(({ id }) => id)) === "RGB";
  if (photometric === "RGB") return header.adobe === 1 || header.jfif || subsampled;
  return header.adobe !== 0 && !letters;
}

/** The stream with one Adobe marker in place of all that decoders guess the colours from. */
function withColours(bytes: Uint8Array, header: JpegHeader, ycc: boolean): Buffer {
  const parts: Uint8Array[] = [bytes.subarray(0, 2), adobeMarker(ycc ? 1 : 0)];
  let from = 2;
  for (const { marker, start, end } of header.segments)
    if (marker === APP0 || marker === APP14) {
      parts.push(bytes.subarray(from, start));
      from = end;
    }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

/**
 * Decodes a JPEG of 8 bits (baseline, extended, progressive) with libjpeg-turbo.
 * @returns grey values, or RGB, interleaved
 * @throws CodecError
 */
export async function decodeJpeg8(bytes: Uint8Array, header: JpegHeader, photometric: string): Promise<Uint8Array> {
  const colours = header.components.length;
  const stream = colours === 3 ? withColours(bytes, header, isYcc(header, photometric)) : Buffer.from(bytes);
  try {
    const source = sharp(stream, { failOn: "error", limitInputPixels: false, ignoreIcc: true });
    const { data, info } = await source
      .toColourspace(colours === 3 ? "srgb" : "b-w")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== header.width || info.height !== header.height || info.channels !== colours)
      throw new CodecError("JPEG data of another size than announced");
    return new Uint8Array(data.buffer, data.byteOffset, data.length);
  } catch (error) {
    if (error instanceof CodecError) throw error;
    throw new CodecError(messageOf(error).split("\n")[0], { cause: error });
  }
}
