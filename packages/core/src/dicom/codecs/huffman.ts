import { CodecError } from "./codec-error.js";

/** A Huffman table (ISO/IEC 10918-1 Annex C and F.2.2.3): the longest code has 16 bits. */
export interface HuffmanTable {
  /** By length from 1: the largest code of it, or -1; and what to add to a code to find its place in `values`. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** @param counts codes of each length from 1 to 16. @throws CodecError */
export function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1];
    offset[length] = place - code;
    code += count;
    place += count;
    if (code > 1 << length) throw new CodecError("JPEG Huffman table damaged");
    if (count > 0) largest[length] = code - 1;
    code <<= 1;
  }
  return { largest, offset, values };
}

/** Reads the bits of a scan: 0xff 0x00 stands for 0xff, any other 0xff begins a marker, where the bits end. */
export class BitReader {
  #bits = 0;
  #left = 0;
  /** Bits that were read where none are; so many zeros may follow the last ones. */
  #missing = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  #bit(): number {
    if (this.#left === 0) {
      const byte = this.bytes[this.at];
      const marker = byte === 0xff && this.bytes[this.at + 1] !== 0;
      if (byte === undefined || marker) {
        // A decoder is fed zeros at the end (F.2.2.5); more than a few mean that the data are cut short.
        if (++this.#missing > 16) throw new CodecError("JPEG data cut short");
        return 0;
      }
      this.#bits = byte;
      this.#left = 8;
      this.at += byte === 0xff ? 2 : 1;
    }
    this.#left--;
    return (this.#bits >> this.#left) & 1;
  }

  /** An unsigned number of so many bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = (value << 1) | this.#bit();
    return value;
  }

  /** A number of a category: its sign is in its first bit (EXTEND, F.2.2.1). */
  signed(category: number): number {
    if (category === 0) return 0;
    const value = this.bits(category);
    return value < 1 << (category - 1) ? value - (1 << category) + 1 : value;
  }

  value({ largest, offset, values }: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.#bit();
      if (code <= largest[length]) return values[code + offset[length]];
    }
    throw new CodecError("JPEG data damaged");
  }

  /** Drops the rest of a byte and passes a restart marker. @throws CodecError where there is none */
  restart(): void {
    this.#left = 0;
    this.#missing = 0;
    if (this.bytes[this.at] !== 0xff || (this.bytes[this.at + 1] & 0xf8) !== 0xd0)
      throw new CodecError("JPEG data damaged (a restart marker is missing)");
    this.at += 2;
  }
}
