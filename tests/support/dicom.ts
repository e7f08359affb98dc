import { deflateRawSync } from "node:zlib";

/** Items of a sequence, text, numbers, or bytes as they are. */
export type TestValue = string | readonly number[] | Uint8Array | readonly TestElements[];
/** By tag, as "00280010": the VR and the value. */
export type TestElements = Readonly<Record<string, readonly [vr: string, value: TestValue]>>;

/** How to write. */
export interface Form {
  readonly explicit?: boolean;
  readonly littleEndian?: boolean;
  /** Sequences and items end with delimiters instead of saying their length. */
  readonly open?: boolean;
}

const LONG = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ");
const WIDTH: Readonly<Record<string, number>> = {
  US: 2,
  SS: 2,
  OW: 2,
  UL: 4,
  SL: 4,
  AT: 4,
  FL: 4,
  OF: 4,
  FD: 8,
  OD: 8,
  OV: 8,
};

function numbers(vr: string, values: readonly number[], little: boolean): Buffer {
  const width = WIDTH[vr] ?? 1;
  const out = Buffer.alloc(values.length * width);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  for (const [i, value] of values.entries()) {
    const at = i * width;
    if (vr === "FL" || vr === "OF") view.setFloat32(at, value, little);
    else if (vr === "FD" || vr === "OD") view.setFloat64(at, value, little);
    else if (vr === "OV") view.setBigUint64(at, BigInt(value), little);
    else if (width === 4) view.setUint32(at, value >>> 0, little);
    else if (width === 2) view.setUint16(at, value & 0xffff, little);
    else view.setUint8(at, value);
  }
  return out;
}

function tagBytes(tag: string, little: boolean): Buffer {
  return numbers("US", [Number.parseInt(tag.slice(0, 4), 16), Number.parseInt(tag.slice(4), 16)], little);
}

/** An item, a delimiter, or a fragment: a tag and a length without VR. */
export function plainItem(tag: string, content: Uint8Array, little = true, open = false): Buffer {
  return Buffer.concat([tagBytes(tag, little), numbers("UL", [open ? 0xffffffff : content.length], little), content]);
}

function valueBytes(vr: string, value: TestValue, form: Form): Buffer {
  const little = form.littleEndian ?? true;
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "latin1");
    return bytes.length % 2 ? Buffer.concat([bytes, Buffer.from(vr === "UI" ? "\0" : " ")]) : bytes;
  }
  if (value instanceof Uint8Array)
    return value.length % 2 ? Buffer.concat([value, Buffer.alloc(1)]) : Buffer.from(value);
  if (vr !== "SQ" && typeof value[0] !== "object") {
    const bytes = numbers(vr, value as readonly number[], little);
    return bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
  }
  const items = (value as readonly TestElements[]).map((item) => {
    const content = dataSet(item, form);
    const end = form.open ? plainItem("FFFEE00D", new Uint8Array(0), little) : Buffer.alloc(0);
    return Buffer.concat([plainItem("FFFEE000", content, little, form.open), end]);
  });
  return Buffer.concat([...items, form.open ? plainItem("FFFEE0DD", new Uint8Array(0), little) : Buffer.alloc(0)]);
}

/** Elements in ascending order. */
export function dataSet(elements: TestElements, form: Form = {}): Buffer {
  const { explicit = true, littleEndian: little = true } = form;
  const tags = Object.keys(elements).sort();
  return Buffer.concat(
    tags.flatMap((tag) => {
      const [vr, value] = elements[tag];
      const bytes = valueBytes(vr, value, form);
      const length = vr === "SQ" && form.open ? 0xffffffff : bytes.length;
      const head = !explicit
        ? [numbers("UL", [length], little)]
        : LONG.includes(vr)
          ? [Buffer.from(vr), Buffer.alloc(2), numbers("UL", [length], little)]
          : [Buffer.from(vr), numbers("US", [length], little)];
      return [tagBytes(tag, little), ...head, bytes];
    }),
  );
}

export const SYNTAX = {
  implicit: "1.2.840.10008.1.2",
  explicit: "1.2.840.10008.1.2.1",
  deflated: "1.2.840.10008.1.2.1.99",
  big: "1.2.840.10008.1.2.2",
  rle: "1.2.840.10008.1.2.5",
  jpeg: "1.2.840.10008.1.2.4.50",
  jpegLs: "1.2.840.10008.1.2.4.80",
  jpeg2000: "1.2.840.10008.1.2.4.90",
  deflatedFrames: "1.2.840.10008.1.2.8.1",
} as const;

/** A file: preamble, meta information, data set, and what follows it (as compressed pixels). */
export function part10(
  elements: TestElements,
  syntax: string = SYNTAX.explicit,
  { open = false, tail = new Uint8Array(0) }: { open?: boolean; tail?: Uint8Array } = {},
): Buffer {
  const meta = dataSet({ "00020010": ["UI", syntax] });
  const data = Buffer.concat([
    dataSet(elements, { explicit: syntax !== SYNTAX.implicit, littleEndian: syntax !== SYNTAX.big, open }),
    tail,
  ]);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    dataSet({ "00020000": ["UL", [meta.length]] }),
    meta,
    syntax === SYNTAX.deflated ? deflateRawSync(data) : data,
  ]);
}

/** Compressed pixels: offset table and fragments (PS3.5 A.4). */
export function fragments(parts: readonly Uint8Array[], offsets: readonly number[] = []): Buffer {
  const head = dataSet({ "7FE00010": ["OB", new Uint8Array(0)] });
  head.writeUInt32LE(0xffffffff, 8);
  const even = (part: Uint8Array) => (part.length % 2 ? Buffer.concat([part, Buffer.alloc(1)]) : part);
  return Buffer.concat([
    head,
    plainItem("FFFEE000", numbers("UL", offsets, true)),
    ...parts.map((part) => plainItem("FFFEE000", even(part))),
    plainItem("FFFEE0DD", new Uint8Array(0)),
  ]);
}
