import { type Element, type Encoding, scanElements, scanItems } from "./elements.js";
import type { Tag } from "./tags.js";

const NUMBER_BYTES: Readonly<Record<string, number>> = {
  US: 2,
  SS: 2,
  UL: 4,
  SL: 4,
  FL: 4,
  FD: 8,
  OW: 2,
  OV: 8,
  UV: 8,
};
const TEXT_NUMBERS = new Set(["DS", "IS"]);

/** Elements of a data set, read from the bytes that hold it when they are asked for. */
export class DataSet {
  readonly #bytes: Uint8Array;
  readonly #encoding: Encoding;
  readonly #elements: ReadonlyMap<number, Element>;

  constructor(bytes: Uint8Array, encoding: Encoding, elements: ReadonlyMap<number, Element>) {
    this.#bytes = bytes;
    this.#encoding = encoding;
    this.#elements = elements;
  }

  get littleEndian(): boolean {
    return this.#encoding.littleEndian;
  }

  element({ code }: Tag): Element | undefined {
    return this.#elements.get(code);
  }

  /** The bytes of a value, as stored. */
  bytes(tag: Tag): Uint8Array | undefined {
    const element = this.element(tag);
    return element && this.#bytes.subarray(element.start, element.start + element.length);
  }

  /** A value as text, without the padding at its end; bytes above 127 as in Latin-1. Undefined where empty. */
  text(tag: Tag): string | undefined {
    const bytes = this.bytes(tag);
    if (!bytes) return undefined;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    // Zeros pad UIDs, and in careless files all else.
    return text.split("\0", 1)[0].trim() || undefined;
  }

  /** The parts of a text with several values. */
  texts(tag: Tag): string[] {
    return (
      this.text(tag)
        ?.split("\\")
        .map((part) => part.trim()) ?? []
    );
  }

  /**
   * The numbers of a value: binary ones, or those that are written in text. What is no number in a text is NaN.
   * @param signed for the tags that are "US or SS"
   */
  numbers(tag: Tag, signed = false): number[] {
    const element = this.element(tag);
    if (!element) return [];
    const vr = this.#numberVr(element.vr, tag.vr, signed);
    if (TEXT_NUMBERS.has(vr)) return this.texts(tag).map((part) => (part === "" ? Number.NaN : Number(part)));
    const width = NUMBER_BYTES[vr];
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + element.start, element.length);
    const little = this.littleEndian;
    return Array.from({ length: Math.floor(element.length / width) }, (_, i) => {
      const at = i * width;
      if (vr === "SS") return view.getInt16(at, little);
      if (vr === "UL") return view.getUint32(at, little);
      if (vr === "SL") return view.getInt32(at, little);
      if (vr === "FL") return view.getFloat32(at, little);
      if (vr === "FD") return view.getFloat64(at, little);
      if (width === 8) return Number(view.getBigUint64(at, little));
      return view.getUint16(at, little);
    });
  }

  /** "US or SS" follows the pixels, whatever is stored: careless files have US for negative numbers too. */
  #numberVr(stored: string, expected: string, signed: boolean): string {
    if (expected === "XS" && ["", "US", "SS", "UN"].includes(stored)) return signed ? "SS" : "US";
    if (stored in NUMBER_BYTES || TEXT_NUMBERS.has(stored)) return stored;
    return expected === "XS" ? "US" : expected;
  }

  /** The first number of a value, where it is one. */
  number(tag: Tag, signed = false): number | undefined {
    const [first] = this.numbers(tag, signed);
    return first !== undefined && Number.isFinite(first) ? first : undefined;
  }

  /** The items of a sequence; none where there is no such sequence. @throws BadElements */
  items(tag: Tag): DataSet[] {
    return this.#spans(tag, (start, end, encoding) => this.#sub(start, end, encoding));
  }

  /** One item, from 0, without looking into the others. @throws BadElements */
  item(tag: Tag, index: number): DataSet | undefined {
    const spans = this.#spans(tag, (start, end, encoding) => ({ start, end, encoding }));
    const span = spans[index];
    return span && this.#sub(span.start, span.end, span.encoding);
  }

  #sub(start: number, end: number, encoding: Encoding): DataSet {
    return new DataSet(this.#bytes, encoding, scanElements(this.#bytes, start, end, encoding));
  }

  #spans<T>(tag: Tag, make: (start: number, end: number, encoding: Encoding) => T): T[] {
    const element = this.element(tag);
    if (!element || element.length === 0) return [];
    const { items, encoding } = scanItems(this.#bytes, element, this.#encoding);
    return items.map(({ start, end }) => make(start, end, encoding));
  }
}
