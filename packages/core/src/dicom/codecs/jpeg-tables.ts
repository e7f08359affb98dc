import { CodecError } from "./codec-error.js";
import { type HuffmanTable, huffmanTable } from "./huffman.js";
import type { JpegHeader } from "./jpeg-markers.js";

const DHT = 0xc4;
const DQT = 0xdb;
const DRI = 0xdd;

/** Where the k-th coefficient of a block belongs (ISO/IEC 10918-1 figure A.6). */
export const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);

/** Tables that precede the first scan, by their numbers (ISO/IEC 10918-1 B.2.4). */
export interface JpegTables {
  /** In rows. */
  readonly quantization: Uint16Array[];
  readonly dc: HuffmanTable[];
  readonly ac: HuffmanTable[];
  /** Units between restart markers; 0 for none. */
  restart: number;
}

function readQuantization(bytes: Uint8Array, from: number, end: number, tables: JpegTables): void {
  for (let at = from; at < end; ) {
    const wide = bytes[at] >> 4;
    const table = new Uint16Array(64);
    const values = at + 1;
    for (let i = 0; i < 64; i++)
      table[ZIGZAG[i]] = wide ? (bytes[values + 2 * i] << 8) | bytes[values + 2 * i + 1] : bytes[values + i];
    tables.quantization[bytes[at] & 15] = table;
    at = values + (wide ? 128 : 64);
  }
}

function readHuffman(bytes: Uint8Array, from: number, end: number, tables: JpegTables): void {
  for (let at = from; at + 17 <= end; ) {
    const counts = bytes.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (at + 17 + total > end) throw new CodecError("JPEG Huffman table damaged");
    const table = huffmanTable(counts, bytes.subarray(at + 17, at + 17 + total));
    (bytes[at] >> 4 ? tables.ac : tables.dc)[bytes[at] & 15] = table;
    at += 17 + total;
  }
}

/** @throws CodecError */
export function readJpegTables(bytes: Uint8Array, { segments }: JpegHeader): JpegTables {
  const tables: JpegTables = { quantization: [], dc: [], ac: [], restart: 0 };
  for (const { marker, start, end } of segments) {
    // Behind the marker, which any number of 0xff may precede, and the length.
    const data = bytes.indexOf(marker, start) + 3;
    if (marker === DQT) readQuantization(bytes, data, end, tables);
    else if (marker === DHT) readHuffman(bytes, data, end, tables);
    else if (marker === DRI) tables.restart = (bytes[data] << 8) | bytes[data + 1];
  }
  return tables;
}

/** The header of the first scan (ISO/IEC 10918-1 B.2.3). */
export interface JpegScan {
  readonly components: readonly { readonly id: number; readonly dc: number; readonly ac: number }[];
  /** Of lossless scans: the predictor. */
  readonly predictor: number;
  /** Of lossless scans: how many low bits were dropped. */
  readonly pointTransform: number;
  /** Where its bits begin. */
  readonly data: number;
}

/** @throws CodecError */
export function readJpegScan(bytes: Uint8Array, { scan }: JpegHeader): JpegScan {
  const length = (bytes[scan] << 8) | bytes[scan + 1];
  const count = bytes[scan + 2];
  if (length !== 6 + 2 * count) throw new CodecError("JPEG scan header damaged");
  const after = scan + 3 + 2 * count;
  return {
    components: Array.from({ length: count }, (_, i) => {
      const tables = bytes[scan + 4 + 2 * i];
      return { id: bytes[scan + 3 + 2 * i], dc: tables >> 4, ac: tables & 15 };
    }),
    predictor: bytes[after],
    pointTransform: bytes[after + 2] & 15,
    data: scan + length,
  };
}
