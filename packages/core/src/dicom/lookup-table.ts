import type { DataSet } from "./data-set.js";
import { TAGS, type Tag } from "./tags.js";

/** A table of grey values or of one colour: entry i is for the value `first` + i; beyond it its ends go on. */
export interface LookupTable {
  readonly first: number;
  readonly entries: Uint16Array;
  /** What full white is: 255 for entries of 8 bits, 65535 for such of 16. */
  readonly white: number;
}

/**
 * A descriptor (PS3.3 C.11.1.1.1): how many entries (0 for 65536), the value of the first one, bits of an entry. The
 * second is signed where the pixels are.
 */
function descriptor(
  data: DataSet,
  tag: Tag,
  signed: boolean,
): { count: number; first: number; bits: number } | undefined {
  const [count, , bits] = data.numbers(tag, false);
  const first = data.numbers(tag, signed)[1];
  if (count === undefined || first === undefined || bits === undefined || bits < 1 || bits > 16) return undefined;
  return { count: count & 0xffff || 65536, first, bits };
}

/** Entries in words, or two of 8 bits in a word. */
function entriesOf(data: DataSet, tag: Tag, count: number, bits: number): Uint16Array | undefined {
  const bytes = data.bytes(tag);
  if (!bytes) return undefined;
  if (bytes.length >= 2 * count) return Uint16Array.from(data.numbers({ code: tag.code, vr: "OW" }).slice(0, count));
  if (bits <= 8 && bytes.length >= count) return Uint16Array.from(bytes.subarray(0, count));
  return undefined;
}

export function lookupTable(
  data: DataSet,
  [about, content]: readonly [Tag, Tag],
  signed: boolean,
): LookupTable | undefined {
  const described = descriptor(data, about, signed);
  const entries = described && entriesOf(data, content, described.count, described.bits);
  return entries && { first: described.first, entries, white: 2 ** described.bits - 1 };
}

/** The table in the first item of a Modality or VOI LUT Sequence. */
export function sequenceTable(data: DataSet, sequence: Tag, signed: boolean): LookupTable | undefined {
  const item = data.item(sequence, 0);
  return item && lookupTable(item, [TAGS.LUTDescriptor, TAGS.LUTData], signed);
}

/** What a table gives for a value. */
export function lookUp({ first, entries }: LookupTable, value: number): number {
  const index = Math.trunc(value) - first;
  return entries[index <= 0 ? 0 : Math.min(index, entries.length - 1)];
}

/**
 * The entries of a segmented palette (PS3.3 C.7.9.2): discrete segments, linear ones from the last entry on, and indirect
 * ones that repeat segments from a place in the data.
 * @returns nothing where the data make no sense
 */
export function expandSegments(words: readonly number[], count: number): Uint16Array | undefined {
  const out: number[] = [];
  const read = (from: number, segments: number, nested: boolean): boolean => {
    let at = from;
    for (let s = 0; s < segments && at + 1 < words.length && out.length < count; s++) {
      const [opcode, length] = [words[at], words[at + 1]];
      if (opcode === 0) {
        out.push(...words.slice(at + 2, at + 2 + length));
        at += 2 + length;
      } else if (opcode === 1) {
        const last = out.at(-1);
        const end = words[at + 2];
        if (last === undefined || end === undefined) return false;
        for (let i = 1; i <= length; i++) out.push(Math.round(last + ((end - last) * i) / length));
        at += 3;
      } else if (opcode === 2 && !nested) {
        const offset = words[at + 2] + 65536 * words[at + 3];
        if (!read(offset / 2, length, true)) return false;
        at += 4;
      } else return false;
    }
    return true;
  };
  if (!read(0, Number.POSITIVE_INFINITY, false) || out.length < count) return undefined;
  return Uint16Array.from(out.slice(0, count));
}

/** A palette of one colour that is stored in segments. */
export function segmentedTable(
  data: DataSet,
  [about, content]: readonly [Tag, Tag],
  signed: boolean,
): LookupTable | undefined {
  const described = descriptor(data, about, signed);
  const bytes = data.bytes(content);
  if (!described || !bytes) return undefined;
  const entries = expandSegments(data.numbers({ code: content.code, vr: "OW" }), described.count);
  return entries && { first: described.first, entries, white: 2 ** described.bits - 1 };
}
