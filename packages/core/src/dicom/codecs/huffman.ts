import { CodecError } from "./codec-error.js";

/** Codes up to so many bits are found in one step. */
const FAST = 9;

/** A Huffman table (ISO/IEC 10918-1 Annex C and F.2.2.3): the longest code has 16 bits. */
export interface HuffmanTable {
  /** By the next `FAST` bits: the length of the code that they begin with times 256 and its value; 0 for longer codes. */
  readonly fast: Uint16Array;
  /** By length from 1: the largest code of it, or -1; and what to add to a code to find its place in `values`. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** @param counts codes of each length from 1 to 16. @throws CodecError */
export function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const fast = new Uint16Array(1 << FAST);
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let place = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1];
    offset[length] = place - code;
    if (code + count > 1 << length) throw new CodecError("JPEG Huffman table damaged");
    for (let i = 0; i < count; i++, code++, place++) {
      if (length > FAST) continue;
      const from = code << (FAST - length);
      fast.fill(length * 256 + values[place], from, from + (1 << (FAST - length)));
    }
    if (count > 0) largest[length] = code - 1;
    code <<= 1;
  }
  return { fast, largest, offset, values };
}

/** Reads the bits of a scan: 0xff 0x00 stands for 0xff, any other 0xff begins a marker, where the bits end. */
export class BitReader {
  /** The last `#count` of these 32 bits are not used yet. */
  #buffer = 0;
  #count = 0;
  /** Of those, zeros that were put in where the data end: they may be looked at, but not used. */
  #beyond = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  #fill(): void {
    while (this.#count <= 24) {
      const byte = this.bytes[this.at];
      const ends = byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0);
      if (ends) this.#beyond += 8;
      else this.at += byte === 0xff ? 2 : 1;
      this.#buffer = (this.#buffer << 8) | (ends ? 0 : byte);
      this.#count += 8;
    }
  }

  #use(count: number): void {
    this.#count -= count;
    if (this.#count < this.#beyond) throw new CodecError("JPEG data cut short");
  }

  /** An unsigned number of 0 to 16 bits. */
  bits(count: number): number {
    if (this.#count < count) this.#fill();
    this.#use(count);
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  /** A number of a category up to 15: its sign is in its first bit (EXTEND, F.2.2.1). */
  signed(category: number): number {
    if (category === 0) return 0;
    const value = this.bits(category);
    return value < 1 << (category - 1) ? value - (1 << category) + 1 : value;
  }

  value({ fast, largest, offset, values }: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const found = fast[(this.#buffer >>> (this.#count - FAST)) & ((1 << FAST) - 1)];
    if (found !== 0) {
      this.#use(found >> 8);
      return found & 255;
    }
    for (let length = FAST + 1; length <= 16; length++) {
      const code = (this.#buffer >>> (this.#count - length)) & ((1 << length) - 1);
      if (code > largest[length]) continue;
      this.#use(length);
      return values[code + offset[length]];
    }
    throw new CodecError("JPEG data damaged");
  }

  /** Drops the rest of a byte and passes a restart marker. @throws CodecError where there is none */
  restart(): void {
    this.#count = 0;
    this.#beyond = 0;
    if (this.bytes[this.at] !== 0xff || (this.bytes[this.at + 1] & 0xf8) !== 0xd0)
      throw new CodecError("JPEG data damaged (a restart marker is missing)");
    this.at += 2;
  }
}
