/** A BMP file that cannot be read; the message says why, without the file's name. */
export class BmpError extends Error {}

/** The channels' places within a pixel of 16 or 32 bits; 0 where there is none. */
export interface ChannelMasks {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly alpha: number;
}

export interface BmpHeader {
  readonly width: number;
  /** Positive. */
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: 1 | 2 | 4 | 8 | 16 | 24 | 32;
  readonly runLength: boolean;
  /** Red, green and blue by index; empty from 16 bits on. */
  readonly palette: Uint8Array;
  readonly masks: ChannelMasks;
  /** Where the pixels begin. */
  readonly offset: number;
}

const FILE_HEADER = 14;
/** Of OS/2, whose sides are of 16 bits and whose palette has three bytes an entry. */
const CORE_HEADER = 12;
const INFO_HEADER = 40;
/** Longer ones keep the masks, the last of which is of opacity, within themselves. */
const V2_HEADER = 52;
const V3_HEADER = 56;

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHABITFIELDS = 6;
const REFUSED: Readonly<Record<number, string>> = { 4: "JPEG within BMP", 5: "PNG within BMP" };

const NO_MASKS: ChannelMasks = { red: 0, green: 0, blue: 0, alpha: 0 };
const FIVE_BITS: ChannelMasks = { red: 0x7c00, green: 0x03e0, blue: 0x001f, alpha: 0 };
/** The fourth byte is spare unless masks say otherwise, whatever it holds. */
const EIGHT_BITS: ChannelMasks = { red: 0xff0000, green: 0x00ff00, blue: 0x0000ff, alpha: 0 };

interface Fields {
  readonly width: number;
  readonly signedHeight: number;
  readonly bits: number;
  readonly compression: number;
  readonly colours: number;
}

function fieldsOf(view: DataView, length: number): Fields {
  if (length === CORE_HEADER)
    return {
      width: view.getUint16(18, true),
      signedHeight: view.getUint16(20, true),
      bits: view.getUint16(24, true),
      compression: RGB,
      colours: 0,
    };
  return {
    width: view.getInt32(18, true),
    signedHeight: view.getInt32(22, true),
    bits: view.getUint16(28, true),
    // OS/2's second header may be cut off here; what is missing is 0.
    compression: length >= 20 ? view.getUint32(30, true) : RGB,
    colours: length >= 36 ? view.getUint32(46, true) : 0,
  };
}

function depthOf({ bits, compression }: Fields): BmpHeader["bits"] {
  const named = REFUSED[compression];
  if (named) throw new BmpError(`${named} is not read`);
  const allowed: Readonly<Record<number, readonly number[]>> = {
    [RGB]: [1, 2, 4, 8, 16, 24, 32],
    [RLE8]: [8],
    [RLE4]: [4],
    [BITFIELDS]: [16, 32],
    [ALPHABITFIELDS]: [16, 32],
  };
  if (!allowed[compression]?.includes(bits))
    throw new BmpError(`${bits} bits a pixel with compression ${compression} is not read`);
  return bits as BmpHeader["bits"];
}

/** The masks, and how many bytes of them follow the header. */
function masksOf(view: DataView, length: number, { bits, compression }: Fields): [ChannelMasks, number] {
  const at = (index: number) => view.getUint32(FILE_HEADER + INFO_HEADER + 4 * index, true);
  if (compression === BITFIELDS || compression === ALPHABITFIELDS) {
    const within = length >= V2_HEADER;
    const alpha = length >= V3_HEADER || (!within && compression === ALPHABITFIELDS);
    const after = within ? 0 : compression === ALPHABITFIELDS ? 16 : 12;
    return [{ red: at(0), green: at(1), blue: at(2), alpha: alpha ? at(3) : 0 }, after];
  }
  return [bits === 16 ? FIVE_BITS : bits === 32 ? EIGHT_BITS : NO_MASKS, 0];
}

/** Entries are blue, green, red, and a spare byte but in the oldest header. */
function paletteOf(bytes: Uint8Array, start: number, entry: 3 | 4, { bits, colours }: Fields, end: number): Uint8Array {
  if (bits > 8) return new Uint8Array(0);
  const most = 1 << bits;
  const announced = colours === 0 || colours > most ? most : colours;
  // Some writers leave entries away that no pixel uses.
  const count = Math.min(announced, Math.max(0, Math.floor((end - start) / entry)));
  const palette = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++)
    for (let channel = 0; channel < 3; channel++) palette[3 * i + channel] = bytes[start + i * entry + 2 - channel];
  return palette;
}

/**
 * Reads the headers of a BMP file (Microsoft, "Bitmap Storage": BITMAPCOREHEADER, BITMAPINFOHEADER and its versions 2 to
 * 5; OS/2's second header).
 * @throws BmpError, RangeError for a file that ends within them
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(FILE_HEADER, true);
  if (length !== CORE_HEADER && (length < 16 || length > 124))
    throw new BmpError(`a header of ${length} bytes is not known`);
  const fields = fieldsOf(view, length);
  const bits = depthOf(fields);
  const { width, signedHeight, compression } = fields;
  if (width < 1 || signedHeight === 0) throw new BmpError(`${width} x ${signedHeight} pixels make no sense`);
  const [masks, after] = masksOf(view, length, fields);
  const offset = view.getUint32(10, true);
  const start = FILE_HEADER + length + after;
  if (offset < start || offset > bytes.length) throw new BmpError(`its pixels begin at byte ${offset}, which is wrong`);
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    runLength: compression === RLE8 || compression === RLE4,
    palette: paletteOf(bytes, start, length === CORE_HEADER ? 3 : 4, fields, offset),
    masks,
    offset,
  };
}
