/** One page of a TIFF file: grey, uncompressed, little endian. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly values: readonly number[];
  readonly bits: 8 | 16 | 32;
  /** 1 unsigned, 2 signed, 3 floating point (tag SampleFormat). */
  readonly format?: 1 | 2 | 3;
  /** Whether 0 is white (tag PhotometricInterpretation). */
  readonly inverted?: boolean;
}

const SHORT = 3;
const LONG = 4;

/** The bytes of a TIFF 6.0 file of one page or several. */
export function tiffBytes(...pages: readonly TiffPage[]): Buffer {
  let out = Buffer.from("II*\0\0\0\0\0", "latin1");
  let link = 4;
  for (const { width, height, values, bits, format = 1, inverted } of pages) {
    const pixels = Buffer.alloc((values.length * bits) / 8);
    for (const [i, value] of values.entries())
      if (format === 3) pixels.writeFloatLE(value, 4 * i);
      else if (format === 2) pixels.writeIntLE(value, (i * bits) / 8, bits / 8);
      else pixels.writeUIntLE(value, (i * bits) / 8, bits / 8);
    const strip = out.length;
    out = Buffer.concat([out, pixels, Buffer.alloc(pixels.length % 2)]);
    out.writeUInt32LE(out.length, link);
    const tags: [number, number, number][] = [
      [256, LONG, width],
      [257, LONG, height],
      [258, SHORT, bits],
      [259, SHORT, 1],
      [262, SHORT, inverted ? 0 : 1],
      [273, LONG, strip],
      [277, SHORT, 1],
      [278, LONG, height],
      [279, LONG, pixels.length],
      [339, SHORT, format],
    ];
    const directory = Buffer.alloc(2 + 12 * tags.length + 4);
    directory.writeUInt16LE(tags.length, 0);
    for (const [i, [tag, type, value]] of tags.entries()) {
      directory.writeUInt16LE(tag, 2 + 12 * i);
      directory.writeUInt16LE(type, 4 + 12 * i);
      directory.writeUInt32LE(1, 6 + 12 * i);
      directory.writeUInt32LE(value, 10 + 12 * i);
    }
    link = out.length + directory.length - 4;
    out = Buffer.concat([out, directory]);
  }
  return out;
}
