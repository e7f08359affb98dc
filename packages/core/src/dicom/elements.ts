/** Where the value of a data element lies. */
export interface Element {
  readonly code: number;
  /** As stored; empty where the file stores none (implicit). */
  readonly vr: string;
  /** Of the value, in bytes. */
  readonly start: number;
  /** Of the value, without a closing delimiter. */
  readonly length: number;
  /** Whether the file gives no length: a delimiter ends the value. */
  readonly open: boolean;
}

/** How elements are encoded. */
export interface Encoding {
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

/** The bytes at hand end before an element does. */
export class OutOfBytes extends Error {
  /** @param needed so many bytes from the beginning would be needed */
  constructor(readonly needed: number) {
    super("the bytes end within an element");
  }
}

/** Bytes that are no data elements. The message says where, in plain words. */
export class BadElements extends Error {}

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const OPEN = 0xffffffff;
/** Deeper than any information object of the standard; guards the stack. */
const MAX_DEPTH = 32;

const VRS = new Set(
  "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split(" "),
);

/** Whether the element that begins at `at` stores its VR. */
export function storesVr(bytes: Uint8Array, at: number): boolean {
  return VRS.has(String.fromCharCode(bytes[at + 4], bytes[at + 5]));
}

/** VRs whose length has 16 bits; all others, also those to come, have 32 (PS3.5 7.1.2). */
const SHORT = new Set("AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split(" "));
const VR = /^[A-Z]{2}$/;

const IMPLICIT: Encoding = { explicit: false, littleEndian: true };

/** Reads tags and lengths; values stay where they are. */
class Cursor {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(count: number): number {
    const from = this.at;
    if (from + count > this.end) throw new BadElements(`an element at byte ${from} reaches beyond what holds it`);
    if (from + count > this.bytes.length) throw new OutOfBytes(from + count);
    this.at = from + count;
    return from;
  }

  tag(littleEndian: boolean): number {
    const from = this.#take(4);
    return this.#view.getUint16(from, littleEndian) * 65536 + this.#view.getUint16(from + 2, littleEndian);
  }

  uint16(littleEndian: boolean): number {
    return this.#view.getUint16(this.#take(2), littleEndian);
  }

  uint32(littleEndian: boolean): number {
    return this.#view.getUint32(this.#take(4), littleEndian);
  }

  letters(): string {
    const from = this.#take(2);
    return String.fromCharCode(this.bytes[from], this.bytes[from + 1]);
  }

  skip(count: number): void {
    if (this.at + count > this.end)
      throw new BadElements(`an element of ${count} bytes at byte ${this.at} reaches beyond what holds it`);
    this.at += count;
  }
}

/** Tag, VR and length of the element at the cursor, which is left at its value. */
function head(cursor: Cursor, { explicit, littleEndian }: Encoding): { code: number; vr: string; length: number } {
  const code = cursor.tag(littleEndian);
  if (!explicit || code >= 0xfffe0000) return { code, vr: "", length: cursor.uint32(littleEndian) };
  const vr = cursor.letters();
  if (!VR.test(vr)) throw new BadElements(`no data element at byte ${cursor.at - 6}`);
  if (SHORT.has(vr)) return { code, vr, length: cursor.uint16(littleEndian) };
  cursor.skip(2);
  return { code, vr, length: cursor.uint32(littleEndian) };
}

/** Encoding of the items of a sequence: one that is stored as UN has them implicit (PS3.5 6.2.2). */
function itemEncoding(vr: string, encoding: Encoding): Encoding {
  return vr === "UN" ? IMPLICIT : encoding;
}

/** Leaves the cursor behind the delimiter of an open value; gives the end of the value. */
function skipOpen(cursor: Cursor, vr: string, encoding: Encoding, depth: number): number {
  if (depth > MAX_DEPTH) throw new BadElements(`sequences nested more than ${MAX_DEPTH} deep`);
  const inner = itemEncoding(vr, encoding);
  for (;;) {
    const end = cursor.at;
    const { code, length } = head(cursor, inner);
    if (code === SEQUENCE_END) return end;
    if (code !== ITEM) throw new BadElements(`no item at byte ${end}, where a sequence has one`);
    if (length !== OPEN) cursor.skip(length);
    else scan(cursor, inner, depth + 1, undefined);
  }
}

/** Goes through elements up to the end, an item's delimiter, or where `visit` says true (before the value is passed). */
function scan(
  cursor: Cursor,
  encoding: Encoding,
  depth: number,
  visit: ((element: Element) => boolean) | undefined,
): void {
  while (cursor.at < cursor.end) {
    const { code, vr, length } = head(cursor, encoding);
    if (code === ITEM_END) return;
    const start = cursor.at;
    if (length !== OPEN) {
      if (visit?.({ code, vr, start, length, open: false })) return;
      cursor.skip(length);
    } else {
      // Where the value of an open element ends is not known before it is passed; nobody needs it to stop there.
      if (visit?.({ code, vr, start, length: 0, open: true })) return;
      const end = skipOpen(cursor, vr, encoding, depth);
      visit?.({ code, vr, start, length: end - start, open: true });
    }
  }
}

/**
 * The elements of a data set, without looking into sequences.
 *
 * @param start where it begins, and `end` where what holds it ends; `bytes` may be shorter than that
 * @param stop reading ends at the element for which it is true; that is among the elements, with length 0 if open
 * @throws OutOfBytes where `bytes` are not enough; BadElements where they are no data set
 */
export function scanElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: Encoding,
  stop: (code: number) => boolean = () => false,
): Map<number, Element> {
  const elements = new Map<number, Element>();
  scan(new Cursor(bytes, start, end), encoding, 0, (element) => {
    elements.set(element.code, element);
    return stop(element.code);
  });
  return elements;
}

/**
 * The elements of the file meta information, which is explicit little endian whatever follows (PS3.10 7.1), and where the
 * data set after it begins. They end where the group does: the length that the file gives for them is often wrong.
 * @throws OutOfBytes, BadElements
 */
export function scanMeta(
  bytes: Uint8Array,
  start: number,
  end: number,
): { elements: Map<number, Element>; next: number } {
  const encoding = { explicit: true, littleEndian: true };
  const elements = new Map<number, Element>();
  const cursor = new Cursor(bytes, start, end);
  while (cursor.at < end) {
    const at = cursor.at;
    if (cursor.uint16(true) !== 2) return { elements, next: at };
    cursor.at = at;
    const { code, vr, length } = head(cursor, encoding);
    elements.set(code, { code, vr, start: cursor.at, length, open: false });
    cursor.skip(length);
  }
  return { elements, next: cursor.at };
}

/** The items of a sequence: where each begins and ends. @throws OutOfBytes, BadElements */
export function scanItems(
  bytes: Uint8Array,
  { vr, start, length }: Element,
  encoding: Encoding,
): { items: { start: number; end: number }[]; encoding: Encoding } {
  const inner = itemEncoding(vr, encoding);
  const cursor = new Cursor(bytes, start, start + length);
  const items: { start: number; end: number }[] = [];
  while (cursor.at < cursor.end) {
    const at = cursor.at;
    const item = head(cursor, inner);
    if (item.code === SEQUENCE_END) break;
    if (item.code !== ITEM) throw new BadElements(`no item at byte ${at}, where a sequence has one`);
    const begin = cursor.at;
    if (item.length !== OPEN) {
      cursor.skip(item.length);
      items.push({ start: begin, end: cursor.at });
    } else {
      scan(cursor, inner, 1, undefined);
      items.push({ start: begin, end: cursor.at - 8 });
    }
  }
  return { items, encoding: inner };
}
