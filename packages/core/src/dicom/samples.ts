import { endianness } from "node:os";
import type { PixelFormat } from "./pixel-format.js";

/** Numbers of one frame as they are stored, apart from byte order and layout: rows from the top, colours interleaved. */
export type Samples = Uint8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** Views or copies bytes of this machine's order as numbers of `bits`. */
function view(bytes: Uint8Array, bits: number, float: boolean): Samples {
  if (bits === 8) return bytes;
  // Typed arrays must begin at a multiple of their width.
  const width = bits / 8;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const count = Math.floor(aligned.byteLength / width);
  if (float) {
    return bits === 64
      ? new Float64Array(aligned.buffer, aligned.byteOffset, count)
      : new Float32Array(aligned.buffer, aligned.byteOffset, count);
  }
  return bits === 16
    ? new Uint16Array(aligned.buffer, aligned.byteOffset, count)
    : new Uint32Array(aligned.buffer, aligned.byteOffset, count);
}

/** A copy with the bytes of each number in the other order. */
export function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (width === 2) copy.swap16();
  else if (width === 4) copy.swap32();
  else if (width === 8) copy.swap64();
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length);
}

/** Bits packed from the lowest of each byte on (PS3.5 8.1.1), one byte each. @param first of the bits, from 0 */
export function unpackBits(bytes: Uint8Array, first: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = (bytes[(first + i) >> 3] >> ((first + i) & 7)) & 1;
  return out;
}

/** In place of planes of one colour each: the three colours of a pixel together. */
export function interleave<T extends Samples>(planes: T): T {
  const pixels = planes.length / 3;
  const out = planes.slice() as T;
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) out[3 * i + c] = planes[c * pixels + i];
  return out;
}

/** Y Y Cb Cr of every two pixels, as Y Cb Cr of each (PS3.3 C.7.6.3.1.2). */
function spread422(samples: Samples): Samples {
  const out = new (samples.constructor as new (length: number) => Samples)((samples.length / 4) * 6);
  for (let from = 0, to = 0; from < samples.length; from += 4, to += 6) {
    out[to] = samples[from];
    out[to + 3] = samples[from + 1];
    out[to + 1] = out[to + 4] = samples[from + 2];
    out[to + 2] = out[to + 5] = samples[from + 3];
  }
  return out;
}

/** The samples of a frame of whole bytes that is not compressed. */
export function nativeSamples(bytes: Uint8Array, format: PixelFormat, littleEndian: boolean): Samples {
  const { bitsAllocated, float, samples: colours, planar, photometric } = format;
  const foreign = littleEndian !== (endianness() === "LE");
  const samples = view(foreign ? swapped(bytes, bitsAllocated / 8) : bytes, bitsAllocated, float);
  if (colours === 1) return samples;
  if (photometric.endsWith("_422")) return spread422(samples);
  return planar ? interleave(samples) : samples;
}

/**
 * The stored values: of each sample the bits up to the high bit, with their sign (PS3.5 8.1.1). Bits above them, where old
 * files keep overlays, are cut off.
 */
export function storedValues(samples: Samples, format: PixelFormat): Samples {
  const { bitsAllocated, bitsStored, highBit, signed, float } = format;
  if (float || bitsAllocated === 1) return samples;
  const whole = bitsStored === bitsAllocated;
  if (whole && !signed) return samples;
  const low = highBit + 1 - bitsStored;
  // Shifting left and back brings the sign down; 32-bit operations serve all widths.
  const up = 32 - bitsStored;
  const count = samples.length;
  if (signed) {
    const out = bitsStored > 16 ? new Int32Array(count) : new Int16Array(count);
    for (let i = 0; i < count; i++) out[i] = ((samples[i] >>> low) << up) >> up;
    return out;
  }
  const out = bitsStored > 16 ? new Uint32Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) out[i] = ((samples[i] >>> low) << up) >>> up;
  return out;
}
