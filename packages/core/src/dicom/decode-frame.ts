import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { messageOf } from "../common/errors.js";
import { readExactly } from "./byte-source.js";
import { CodecError } from "./codecs/codec-error.js";
import { decodeJpeg12 } from "./codecs/jpeg-12bit.js";
import { decodeJpeg2000, readJpeg2000Header } from "./codecs/jpeg-2000.js";
import { decodeJpeg8 } from "./codecs/jpeg-baseline.js";
import { decodeJpegLossless } from "./codecs/jpeg-lossless.js";
import { decodeJpegLs } from "./codecs/jpeg-ls.js";
import { checkSize, readJpegHeader } from "./codecs/jpeg-markers.js";
import { decodeRle } from "./codecs/rle.js";
import type { DicomFile } from "./file.js";
import { compressedFrame } from "./fragments.js";
import { checkFrame, frameBits, type PixelFormat } from "./pixel-format.js";
import { nativeSamples, type Samples, storedValues, swapped, unpackBits } from "./samples.js";
import { CONVERT, COPY_AGAIN, quoted, unreadableDicom } from "./unreadable.js";

/** A decoded frame. */
export interface Frame {
  /** Stored values, rows from the top, colours interleaved. */
  readonly values: Samples;
  /** Whether colours are RGB, whatever the photometric interpretation says: some decoders convert them. */
  readonly rgb: boolean;
  /** Bits of the largest value. */
  readonly bits: number;
}

const LOSSLESS = 0xc3;
const JPEG_LS = 0xf7;
const unpack = promisify(inflateRaw);

/** The samples of a frame that begins at some bit of uncompressed pixels. */
async function nativeFrame(file: DicomFile, format: PixelFormat, frame: number): Promise<Samples> {
  const { path, source, pixels, syntax } = file;
  const bits = frameBits(format);
  // Frames of single bits follow each other without filling up the byte (PS3.5 8.1.1).
  const firstBit = frame * bits;
  // 8 bits and less in words of 16 are swapped in pairs where the high byte comes first.
  const pairs = !syntax.littleEndian && format.bitsAllocated <= 8 && pixels?.vr === "OW";
  const grain = pairs ? 2 : 1;
  const first = Math.floor(firstBit / 8 / grain) * grain;
  const last = Math.ceil((firstBit + bits) / 8 / grain) * grain;
  const stored = await readExactly(path, source, (pixels?.start ?? 0) + first, last - first);
  const bytes = pairs ? swapped(stored, 2) : stored;
  if (format.bitsAllocated === 1) return unpackBits(bytes, firstBit - 8 * first, bits);
  return nativeSamples(
    bytes.subarray(firstBit / 8 - first, (firstBit + bits) / 8 - first),
    format,
    syntax.littleEndian,
  );
}

/** Samples of `bits`, as decoders give them: unsigned ones are whole, signed ones need the sign that the header says. */
function fromDecoder(samples: Samples, format: PixelFormat, bits: number): Frame {
  const bitsAllocated = samples.BYTES_PER_ELEMENT * 8;
  const bitsStored = format.signed ? Math.min(bits, format.bitsStored) : bitsAllocated;
  const values = storedValues(samples, { ...format, bitsAllocated, bitsStored, highBit: bitsStored - 1 });
  return { values, rgb: false, bits };
}

async function jpegFrame(bytes: Uint8Array, format: PixelFormat): Promise<Frame> {
  const header = readJpegHeader(bytes);
  checkSize({ ...header, components: header.components.length }, format);
  if (header.process === JPEG_LS) return await jpegLsFrame(bytes, format);
  if (header.process === LOSSLESS) return fromDecoder(decodeJpegLossless(bytes, header), format, header.precision);
  if (header.precision === 8) {
    const values = await decodeJpeg8(bytes, header, format.photometric);
    return { ...fromDecoder(values, format, 8), rgb: true };
  }
  return fromDecoder(decodeJpeg12(bytes, header), format, header.precision);
}

async function jpegLsFrame(bytes: Uint8Array, format: PixelFormat): Promise<Frame> {
  const header = readJpegHeader(bytes);
  if (header.process !== JPEG_LS) throw new CodecError("no JPEG-LS data");
  checkSize({ ...header, components: header.components.length }, format);
  const { samples, frame } = await decodeJpegLs(bytes, header);
  return fromDecoder(samples, format, frame.bitsPerSample);
}

async function jpeg2000Frame(bytes: Uint8Array, format: PixelFormat): Promise<Frame> {
  const header = readJpeg2000Header(bytes);
  checkSize(header, format);
  const { samples, frame } = await decodeJpeg2000(bytes);
  checkSize({ ...frame, components: frame.componentCount }, format);
  return { ...fromDecoder(samples, format, frame.bitsPerSample), rgb: header.transformed };
}

function rleFrame(bytes: Uint8Array, format: PixelFormat): Frame {
  const { rows, columns, samples, bitsAllocated } = format;
  if (bitsAllocated < 8) throw new CodecError("RLE of single bits");
  const unpacked = decodeRle(bytes, rows * columns, samples, bitsAllocated / 8);
  const values = nativeSamples(unpacked, { ...format, planar: false, photometric: "" }, true);
  return { values: storedValues(values, format), rgb: false, bits: format.bitsStored };
}

/** A compressed or encapsulated frame whose bytes are those of an uncompressed one. */
function plainFrame(bytes: Uint8Array, format: PixelFormat): Frame {
  const bits = frameBits(format);
  if (bytes.length * 8 < bits) throw new CodecError(`${bytes.length} bytes, where ${Math.ceil(bits / 8)} are expected`);
  const values =
    format.bitsAllocated === 1
      ? unpackBits(bytes, 0, bits)
      : storedValues(nativeSamples(bytes.subarray(0, bits / 8), format, true), format);
  return { values, rgb: false, bits: format.bitsStored };
}

async function deflatedFrame(bytes: Uint8Array, format: PixelFormat): Promise<Frame> {
  const unpacked = await unpack(bytes, { maxOutputLength: Math.ceil(frameBits(format) / 8) + 16 });
  return plainFrame(new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length), format);
}

async function decode(file: DicomFile, bytes: Uint8Array, format: PixelFormat): Promise<Frame> {
  switch (file.syntax.frames) {
    case "rle":
      return rleFrame(bytes, format);
    case "jpeg":
      return await jpegFrame(bytes, format);
    case "jpeg-ls":
      return await jpegLsFrame(bytes, format);
    case "jpeg-2000":
      return await jpeg2000Frame(bytes, format);
    case "deflate":
      return await deflatedFrame(bytes, format);
    default:
      return plainFrame(bytes, format);
  }
}

function isZlib(error: unknown): boolean {
  return /^(Z_|ERR_BUFFER_TOO_LARGE)/.test((error as NodeJS.ErrnoException).code ?? "");
}

/** Refuses what we cannot decode, by name. */
function checkSyntax({ path, syntax }: DicomFile): void {
  if (syntax.frames === "video")
    throw unreadableDicom(
      path,
      `a video (transfer syntax ${quoted(syntax.uid)})`,
      "export the frames you need as pictures",
    );
  if (syntax.frames === "unknown")
    throw unreadableDicom(path, `transfer syntax ${quoted(syntax.uid)} is not known`, CONVERT);
}

/**
 * Decodes one frame.
 * @param frame from 0
 * @throws ImageError IMAGE_UNREADABLE; DatasetError FRAME_MISSING
 */
export async function decodeFrame(file: DicomFile, format: PixelFormat, frame: number): Promise<Frame> {
  const { path, pixels, syntax } = file;
  checkSyntax(file);
  checkFrame(path, format.frames, frame);
  if (!pixels?.open && syntax.frames === "native") {
    const values = storedValues(await nativeFrame(file, format, frame), format);
    return { values, rgb: false, bits: format.bitsStored };
  }
  if (!pixels?.open) throw unreadableDicom(path, `pixels that are not compressed as ${syntax.name} says`, COPY_AGAIN);
  const bytes = await compressedFrame(file, frame, format.frames);
  let decoded: Frame;
  try {
    decoded = await decode(file, bytes, format);
  } catch (error) {
    if (error instanceof CodecError || isZlib(error))
      throw unreadableDicom(
        path,
        `frame ${frame + 1} cannot be decoded as ${syntax.name} (${messageOf(error)})`,
        COPY_AGAIN,
        error,
      );
    throw error;
  }
  const expected = format.rows * format.columns * format.samples;
  if (decoded.values.length !== expected)
    throw unreadableDicom(path, `frame ${frame + 1} has ${decoded.values.length} samples, not ${expected}`, COPY_AGAIN);
  return decoded;
}
