import { CodecError } from "./codec-error.js";
import { BitReader, type HuffmanTable, huffmanTable } from "./huffman.js";
import { inverseDct } from "./inverse-dct.js";
import type { JpegHeader } from "./jpeg-markers.js";

/** Where the k-th coefficient of a block belongs (ISO/IEC 10918-1 figure A.6). */
const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);

const DHT = 0xc4;
const DQT = 0xdb;
const DRI = 0xdd;
const EXTENDED = 0xc1;

interface Tables {
  readonly quantization: Uint16Array[];
  readonly dc: HuffmanTable[];
  readonly ac: HuffmanTable[];
  /** Blocks between restart markers; 0 for none. */
  restart: number;
}

function readQuantization(bytes: Uint8Array, from: number, end: number, tables: Tables): void {
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

function readHuffman(bytes: Uint8Array, from: number, end: number, tables: Tables): void {
  for (let at = from; at + 17 <= end; ) {
    const counts = bytes.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (at + 17 + total > end) throw new CodecError("JPEG Huffman table damaged");
    const table = huffmanTable(counts, bytes.subarray(at + 17, at + 17 + total));
    (bytes[at] >> 4 ? tables.ac : tables.dc)[bytes[at] & 15] = table;
    at += 17 + total;
  }
}

function readTables(bytes: Uint8Array, header: JpegHeader): Tables {
  const tables: Tables = { quantization: [], dc: [], ac: [], restart: 0 };
  for (const { marker, start, end } of header.segments) {
    const data = bytes.indexOf(marker, start) + 3;
    if (marker === DQT) readQuantization(bytes, data, end, tables);
    else if (marker === DHT) readHuffman(bytes, data, end, tables);
    else if (marker === DRI) tables.restart = (bytes[data] << 8) | bytes[data + 1];
  }
  return tables;
}

/**
 * Decodes a grey JPEG of 12 bits (extended sequential, process 4), which libjpeg's usual builds leave out.
 * @returns width x height samples, 0..4095
 * @throws CodecError
 */
export function decodeJpeg12(bytes: Uint8Array, header: JpegHeader): Uint16Array {
  const { process, precision, width, height, components, scan } = header;
  if (process !== EXTENDED || precision !== 12 || components.length !== 1)
    throw new CodecError(`JPEG of process ${process - 0xc0}, ${precision} bits, ${components.length} components`);
  const tables = readTables(bytes, header);
  const selectors = bytes[scan + 4];
  const dc = tables.dc[selectors >> 4];
  const ac = tables.ac[selectors & 15];
  // The table's number is the last byte of the frame header.
  const frame = header.segments.find(({ marker }) => marker === EXTENDED);
  const quantization = tables.quantization[frame ? bytes[frame.end - 1] : 0];
  if (!dc || !ac || !quantization || bytes[scan + 2] !== 1) throw new CodecError("JPEG tables are missing");

  const reader = new BitReader(bytes, scan + ((bytes[scan] << 8) | bytes[scan + 1]));
  const out = new Uint16Array(width * height);
  const block = new Int32Array(64);
  const samples = new Float64Array(64);
  const across = Math.ceil(width / 8);
  const count = across * Math.ceil(height / 8);
  let predicted = 0;
  for (let index = 0; index < count; index++) {
    if (tables.restart > 0 && index > 0 && index % tables.restart === 0) {
      reader.restart();
      predicted = 0;
    }
    block.fill(0);
    predicted += reader.signed(reader.value(dc) & 15);
    block[0] = predicted * quantization[0];
    for (let k = 1; k < 64; k++) {
      const coded = reader.value(ac);
      const category = coded & 15;
      k += coded >> 4;
      // A run of 16 zeros, or all that is left.
      if (category === 0 && coded >> 4 === 15) continue;
      if (category === 0) break;
      if (k > 63) throw new CodecError("JPEG data damaged");
      const place = ZIGZAG[k];
      block[place] = reader.signed(category) * quantization[place];
    }
    inverseDct(block, samples);
    const left = (index % across) * 8;
    const top = Math.floor(index / across) * 8;
    for (let y = 0; y < 8 && top + y < height; y++)
      for (let x = 0; x < 8 && left + x < width; x++) {
        const value = Math.round(samples[y * 8 + x]) + 2048;
        out[(top + y) * width + left + x] = Math.min(4095, Math.max(0, value));
      }
  }
  return out;
}
