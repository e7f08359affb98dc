import { CodecError } from "./codec-error.js";
import { BitReader, type HuffmanTable } from "./huffman.js";
import type { JpegHeader } from "./jpeg-markers.js";
import { readJpegScan, readJpegTables } from "./jpeg-tables.js";

/** The prediction from the samples to the left, above, and above to the left (ISO/IEC 10918-1 table H.1). */
function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

/** The next difference: of category 16 there is one, without bits of its own (H.1.2.2). */
function difference(reader: BitReader, table: HuffmanTable): number {
  const category = reader.value(table);
  if (category > 16) throw new CodecError("JPEG data damaged");
  return category === 16 ? 32768 : reader.signed(category);
}

/** By component, the table of its differences. @throws CodecError where the scan has not all components */
function tablesOf(bytes: Uint8Array, header: JpegHeader): { tables: HuffmanTable[]; restart: number } {
  const { dc, restart } = readJpegTables(bytes, header);
  const scan = readJpegScan(bytes, header);
  if (scan.components.length !== header.components.length)
    throw new CodecError("lossless JPEG with a scan for each colour");
  const tables = scan.components.map((component) => dc[component.dc]);
  if (tables.some((table) => table === undefined)) throw new CodecError("JPEG tables are missing");
  return { tables, restart };
}

/**
 * Decodes a lossless JPEG (process 14, any predictor, 2 to 16 bits, grey or colours of one resolution). The library that
 * is at hand for it loses the last samples of some pictures, and goes on with zeros where the data end.
 *
 * @returns the samples, interleaved
 * @throws CodecError
 */
export function decodeJpegLossless(bytes: Uint8Array, header: JpegHeader): Uint8Array | Uint16Array {
  const { precision, components, width, height } = header;
  if (components.some(({ across, down }) => across !== components[0].across || down !== components[0].down))
    throw new CodecError("lossless JPEG with subsampled colours");
  if (precision < 2 || precision > 16) throw new CodecError(`lossless JPEG of ${precision} bits`);
  const { tables, restart } = tablesOf(bytes, header);
  const { predictor, pointTransform, data } = readJpegScan(bytes, header);
  if (predictor < 1 || predictor > 7 || pointTransform >= precision)
    throw new CodecError("lossless JPEG scan header damaged");
  const reader = new BitReader(bytes, data);
  const count = components.length;
  const row = width * count;
  const first = 1 << (precision - pointTransform - 1);
  const out = precision > 8 ? new Uint16Array(row * height) : new Uint8Array(row * height);
  // After a restart the first row is predicted as at the top; intervals are whole rows (H.1.1).
  let top = 0;
  if (restart % width !== 0) throw new CodecError("lossless JPEG with restarts within rows");
  for (let y = 0, at = 0; y < height; y++) {
    if (restart > 0 && y > 0 && (y * width) % restart === 0) {
      reader.restart();
      top = y;
    }
    for (let x = 0; x < width; x++)
      for (let c = 0; c < count; c++, at++) {
        let predicted: number;
        if (y === top) predicted = x === 0 ? first : out[at - count];
        else if (x === 0) predicted = out[at - row];
        else predicted = predict(predictor, out[at - count], out[at - row], out[at - row - count]);
        // Modulo 2^16, as differences are; the array cuts the rest off.
        out[at] = (predicted + difference(reader, tables[c])) & 0xffff;
      }
  }
  if (pointTransform > 0) for (let i = 0; i < out.length; i++) out[i] <<= pointTransform;
  return out;
}
