/// <reference path="./untyped.d.ts" />
import { Decoder } from "jpeg-lossless-decoder-js";
import { messageOf } from "../../common/errors.js";
import { CodecError } from "./codec-error.js";
import type { JpegHeader } from "./jpeg-markers.js";

/** Bytes that the decoder may look at beyond the last pixel. */
const LOOK_AHEAD = 4;

/**
 * Decodes a lossless JPEG (process 14, any predictor): grey of up to 16 bits, colours of 8.
 * @returns the samples, interleaved
 * @throws CodecError
 */
export function decodeJpegLossless(bytes: Uint8Array, header: JpegHeader): Uint8Array | Uint16Array {
  const { precision, components, width, height } = header;
  const count = components.length;
  if (components.some(({ across, down }) => across !== 1 || down !== 1))
    throw new CodecError("lossless JPEG with subsampled colours");
  if (count === 3 && precision > 8) throw new CodecError(`lossless JPEG in colour of ${precision} bits`);
  // The point transform is in the last byte of the scan's header: pixels would come out too dark.
  if ((bytes[header.scan + 3 + 2 * bytes[header.scan + 2] + 2] & 15) !== 0)
    throw new CodecError("lossless JPEG with a point transform");
  const decoder = new Decoder();
  let decoded: Uint8Array | Uint16Array | null;
  try {
    decoded = decoder.decode(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length, precision > 8 ? 2 : 1);
  } catch (error) {
    throw new CodecError(messageOf(error), { cause: error });
  }
  const { stream, yLoc } = decoder;
  // It goes on with zeros where the data end, so the end has to be looked for.
  if (!decoded || decoded.length !== width * height * count || yLoc < height)
    throw new CodecError("lossless JPEG data damaged or cut short");
  if (!stream || stream.index > stream.buffer.length + LOOK_AHEAD) throw new CodecError("lossless JPEG data cut short");
  return decoded;
}
