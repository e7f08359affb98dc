import type { Tag } from "./tags.js";

/** Values to write: text (several are parted by a backslash), numbers, bytes as they are, or the items of a sequence. */
export type Value = string | readonly string[] | readonly number[] | Uint8Array | readonly DataElements[];

/** A data element to write. */
export type WritableElement = readonly [tag: Tag, value: Value];
export type DataElements = readonly WritableElement[];

const LONG = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));
const BINARY: Readonly<
  Record<string, readonly [bytes: 2 | 4, write: (view: DataView, at: number, value: number) => void]>
> = {
  US: [2, (view, at, value) => view.setUint16(at, value, true)],
  SS: [2, (view, at, value) => view.setInt16(at, value, true)],
  UL: [4, (view, at, value) => view.setUint32(at, value, true)],
  FL: [4, (view, at, value) => view.setFloat32(at, value, true)],
  // Group and element, each in its own order.
  AT: [
    4,
    (view, at, value) => {
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
    },
  ],
};

const ITEM = { code: 0xfffee000, vr: "" };
const MAX_SHORT = 0xfffe;

function head({ code, vr }: Tag, length: number): Uint8Array {
  const long = LONG.has(vr);
  const bytes = new Uint8Array(vr === "" || !long ? 8 : 12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(code / 65536), true);
  view.setUint16(2, code & 0xffff, true);
  if (vr === "") view.setUint32(4, length, true);
  else {
    bytes.set(Buffer.from(vr, "latin1"), 4);
    if (long) view.setUint32(8, length, true);
    else if (length > MAX_SHORT) throw new RangeError(`a value of ${length} bytes is too long for ${vr}`);
    else view.setUint16(6, length, true);
  }
  return bytes;
}

/** The value with an even length: UIDs and bytes end with a zero, text with a space (PS3.5 6.2). */
function padded(bytes: Uint8Array, vr: string): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  if (!LONG.has(vr) && vr !== "UI") even[bytes.length] = 0x20;
  return even;
}

function numbersOf(vr: string, values: readonly number[]): Uint8Array {
  const binary = BINARY[vr];
  if (!binary) return Buffer.from(values.map(decimal).join("\\"), "latin1");
  const [width, write] = binary;
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) write(view, i * width, value);
  return bytes;
}

/** A number in the 16 characters that a decimal string has. */
export function decimal(value: number): string {
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits--) {
    const short = String(Number(value.toPrecision(digits)));
    if (short.length <= 16) return short;
  }
  return "0";
}

function valueBytes({ vr }: Tag, value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value, "utf8");
  if (vr === "SQ")
    return Buffer.concat(
      (value as readonly DataElements[]).flatMap((item) => {
        const bytes = writeElements(item);
        return [head(ITEM, bytes.length), bytes];
      }),
    );
  if (value.length > 0 && typeof value[0] === "number") return numbersOf(vr, value as readonly number[]);
  return Buffer.from((value as readonly string[]).join("\\"), "utf8");
}

/**
 * Encodes data elements as Explicit VR Little Endian (PS3.5 7.1.2), in ascending order whatever order they come in; text
 * as UTF-8.
 * @throws RangeError where a value is too long for its VR
 */
export function writeElements(elements: DataElements): Uint8Array {
  const sorted = [...elements].sort(([a], [b]) => a.code - b.code);
  return Buffer.concat(
    sorted.flatMap(([tag, value]) => {
      const bytes = padded(valueBytes(tag, value), tag.vr);
      return [head(tag, bytes.length), bytes];
    }),
  );
}
