import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { messageOf } from "../common/errors.js";
import { ImageError } from "../image/errors.js";
import { type ByteSource, bytesInMemory, withFile } from "./byte-source.js";
import { DataSet } from "./data-set.js";
import { BadElements, type Element, OutOfBytes, scanElements, scanMeta, storesVr } from "./elements.js";
import { findStart } from "./start.js";
import { TAGS } from "./tags.js";
import {
  EXPLICIT_BIG,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  type TransferSyntax,
  transferSyntax,
} from "./transfer-syntax.js";
import { COPY_AGAIN, unreadableDicom } from "./unreadable.js";

/** A DICOM file while it is open: its header, and where its pixels are. */
export interface DicomFile {
  readonly path: string;
  readonly syntax: TransferSyntax;
  /** All up to the pixels. */
  readonly data: DataSet;
  /** The element that holds the pixels, in `source`. */
  readonly pixels?: Element;
  readonly source: ByteSource;
}

const FIRST_WINDOW = 64 * 1024;
const GROWTH = 8;
/** A header of more is refused: that of ten thousand frames has some tens of megabytes. */
const MAX_HEADER = 512 * 1024 * 1024;
/** Deflate makes at most 1032 bytes of one; a picture of 100 million pixels has at most some 1200 million. */
const DEFLATE_RATIO = 1032;
const MAX_UNPACKED = 1300 * 1024 * 1024;

const PIXELS = new Set<number>([TAGS.PixelData.code, TAGS.FloatPixelData.code, TAGS.DoubleFloatPixelData.code]);

const unpack = promisify(inflateRaw);

/** Calls `parse` with the beginning of a source, with more of it as often as that is not enough. */
async function withBeginning<T>(path: string, source: ByteSource, parse: (bytes: Uint8Array) => T): Promise<T> {
  let size = Math.min(FIRST_WINDOW, source.size);
  for (;;) {
    const bytes = await source.read(0, size);
    try {
      return parse(bytes);
    } catch (error) {
      if (error instanceof BadElements)
        throw unreadableDicom(path, `its header is damaged (${error.message})`, COPY_AGAIN, error);
      if (!(error instanceof OutOfBytes)) throw error;
      if (size >= source.size) throw unreadableDicom(path, "cut short: it ends within its header", COPY_AGAIN, error);
      if (size >= MAX_HEADER)
        throw new ImageError(
          "IMAGE_TOO_LARGE",
          `${path}: its header has more than ${MAX_HEADER / 2 ** 20} MiB; take out private elements, or split the file`,
          { path },
        );
      size = Math.min(Math.max(size * GROWTH, error.needed), source.size, MAX_HEADER);
    }
  }
}

/** The syntax of a data set, by what the file says and by its first element, since some say it wrongly. */
function syntaxOf(named: string | undefined, bytes: Uint8Array, at: number): TransferSyntax {
  const explicit = storesVr(bytes, at);
  if (named === undefined) {
    if (!explicit) return IMPLICIT_LITTLE;
    return bytes[at] === 0 && bytes[at + 1] !== 0 ? EXPLICIT_BIG : EXPLICIT_LITTLE;
  }
  const syntax = transferSyntax(named);
  return syntax.deflated || bytes.length < at + 8 ? syntax : { ...syntax, explicit };
}

interface Beginning {
  readonly syntax: TransferSyntax;
  /** Where the data set begins. */
  readonly next: number;
}

function readBeginning(path: string, bytes: Uint8Array, size: number): Beginning {
  const start = findStart(bytes);
  if (!start) throw unreadableDicom(path, "not a DICOM file", "check what it is, or take it out of the folder");
  const { elements, next } = scanMeta(bytes, start.offset, size);
  if (next + 8 > bytes.length && next < size) throw new OutOfBytes(Math.min(next + 8, size));
  const meta = new DataSet(bytes, EXPLICIT_LITTLE, elements);
  return { syntax: syntaxOf(meta.text(TAGS.TransferSyntaxUID), bytes, next), next };
}

async function unpacked(path: string, source: ByteSource, from: number): Promise<ByteSource> {
  const packed = await source.read(from, source.size - from);
  const maxOutputLength = Math.min(MAX_UNPACKED, packed.length * DEFLATE_RATIO + 1024);
  try {
    const bytes = await unpack(packed, { maxOutputLength });
    return bytesInMemory(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new ImageError(
        "IMAGE_TOO_LARGE",
        `${path}: unpacked it has more than ${Math.floor(maxOutputLength / 2 ** 20)} MiB; split it into smaller files`,
        { path },
      );
    throw unreadableDicom(path, `damaged or cut short (${messageOf(cause)})`, COPY_AGAIN, cause);
  }
}

/** The same element, where an open one reaches to the end of the file: its items are looked at when frames are read. */
function upToEnd(element: Element, size: number): Element {
  return element.open ? { ...element, length: size - element.start } : element;
}

/**
 * Opens a DICOM file, reads its header and gives it to `use`; pixels stay on disk. The file is closed afterwards and
 * nothing of the header is kept.
 *
 * Files without preamble, without meta information, or whose first element contradicts the transfer syntax are read by
 * their content; a deflated file is unpacked in memory as a whole.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function withDicom<T>(path: string, use: (file: DicomFile) => Promise<T>): Promise<T> {
  return await withFile(path, async (file) => {
    const { syntax, next } = await withBeginning(path, file, (bytes) => readBeginning(path, bytes, file.size));
    const source = syntax.deflated ? await unpacked(path, file, next) : file;
    const begin = syntax.deflated ? 0 : next;
    const { data, pixels } = await withBeginning(path, source, (bytes) => {
      const elements = scanElements(bytes, begin, source.size, syntax, (code) => PIXELS.has(code));
      const found = [...PIXELS].map((code) => elements.get(code)).find((element) => element !== undefined);
      return { data: new DataSet(bytes, syntax, elements), pixels: found };
    });
    try {
      return await use({ path, syntax, data, source, ...(pixels ? { pixels: upToEnd(pixels, source.size) } : {}) });
    } catch (error) {
      // Sequences are read when they are asked for.
      if (error instanceof BadElements || error instanceof OutOfBytes)
        throw unreadableDicom(path, `its header is damaged (${error.message})`, COPY_AGAIN, error);
      throw error;
    }
  });
}
