import { CodecError } from "./codec-error.js";

const HEADER = 64;
const MAX_SEGMENTS = 15;

/** Unpacks one segment into every `stride`-th byte of `out` from `first` on. */
function unpackSegment(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  first: number,
  stride: number,
): void {
  let at = start;
  let to = first;
  while (to < out.length) {
    if (at >= end) throw new CodecError("RLE data cut short");
    const control = bytes[at++];
    if (control < 128) {
      const count = control + 1;
      if (at + count > end) throw new CodecError("RLE data cut short");
      for (let i = 0; i < count && to < out.length; i++, to += stride) out[to] = bytes[at + i];
      at += count;
    } else if (control > 128) {
      if (at >= end) throw new CodecError("RLE data cut short");
      const value = bytes[at++];
      for (let i = 257 - control; i > 0 && to < out.length; i--, to += stride) out[to] = value;
    }
  }
}

/**
 * Decodes a frame of RLE Lossless (PS3.5 Annex G): a segment for each byte of a sample of each colour, the highest byte
 * first.
 * @param width bytes of a sample
 * @returns pixels x samples x width bytes, little endian, colours interleaved
 * @throws CodecError
 */
export function decodeRle(bytes: Uint8Array, pixels: number, samples: number, width: number): Uint8Array {
  if (bytes.length < HEADER) throw new CodecError("RLE data cut short");
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const count = header.getUint32(0, true);
  if (count !== samples * width || count > MAX_SEGMENTS)
    throw new CodecError(`${count} RLE segments, where ${samples * width} are expected`);
  const out = new Uint8Array(pixels * samples * width);
  for (let segment = 0; segment < count; segment++) {
    const start = header.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < count ? header.getUint32(8 + 4 * segment, true) : bytes.length;
    if (start < HEADER || end < start || end > bytes.length) throw new CodecError("RLE segments that lie nowhere");
    const sample = Math.floor(segment / width);
    const byte = width - 1 - (segment % width);
    unpackSegment(bytes, start, end, out, sample * width + byte, samples * width);
  }
  return out;
}
