import { CodecError } from "./codec-error.js";
import { BitReader } from "./huffman.js";
import { inverseDct } from "./inverse-dct.js";
import type { JpegHeader } from "./jpeg-markers.js";
import { readJpegScan, readJpegTables, ZIGZAG } from "./jpeg-tables.js";

const EXTENDED = 0xc1;
const MIDDLE = 2048;
const MAX = 4095;

/**
 * Decodes a grey JPEG of 12 bits (extended sequential, process 4), which libjpeg's usual builds leave out.
 * @returns width x height samples, 0..4095
 * @throws CodecError
 */
export function decodeJpeg12(bytes: Uint8Array, header: JpegHeader): Uint16Array {
  const { process, precision, width, height, components, segments } = header;
  if (process !== EXTENDED || precision !== 12 || components.length !== 1)
    throw new CodecError(`JPEG of process ${process - 0xc0}, ${precision} bits, ${components.length} components`);
  const tables = readJpegTables(bytes, header);
  const scan = readJpegScan(bytes, header);
  // The quantization table's number is the last byte of the frame header.
  const frame = segments.find(({ marker }) => marker === EXTENDED);
  const quantization = tables.quantization[frame ? bytes[frame.end - 1] : 0];
  const dc = tables.dc[scan.components[0]?.dc];
  const ac = tables.ac[scan.components[0]?.ac];
  if (!dc || !ac || !quantization || scan.components.length !== 1) throw new CodecError("JPEG tables are missing");

  const reader = new BitReader(bytes, scan.data);
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
        const value = Math.round(samples[y * 8 + x]) + MIDDLE;
        out[(top + y) * width + left + x] = Math.min(MAX, Math.max(0, value));
      }
  }
  return out;
}
