import type { DataSet } from "./data-set.js";
import { TAGS, type Tag } from "./tags.js";

const ASCII = /^[\x20-\x7e\t\n\f\r]*$/;
export const UTF_8 = "ISO_IR 192";

/** Character sets of one value (PS3.3 C.12.1.1.2), as Node knows them. */
const DECODERS: Readonly<Record<string, string>> = {
  "": "ascii",
  "ISO_IR 6": "ascii",
  "ISO_IR 100": "windows-1252",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 148": "windows-1254",
  "ISO_IR 166": "windows-874",
  "ISO_IR 203": "iso-8859-15",
  GB18030: "gb18030",
  GBK: "gbk",
  [UTF_8]: "utf-8",
};

const isAscii = (bytes: Uint8Array) => ASCII.test(Buffer.from(bytes).toString("latin1"));

/** Copied text beside text of our own, in one character set. */
export interface MixedText {
  /** Specific Character Set; as bytes, since it may have several values. */
  readonly characterSet: string | Uint8Array;
  /** The bytes of a copied value. */
  readonly copied: (bytes: Uint8Array) => Uint8Array;
}

/**
 * Finds a character set for values that are copied from a file and new text. Copied bytes stay as they are where they can:
 * several character sets with escape sequences need no decoding then.
 *
 * @returns nothing where the new text is not ASCII, and what is copied cannot be brought to UTF-8
 */
export function mixedText(source: DataSet, tags: readonly Tag[], own: readonly string[]): MixedText | undefined {
  const copied = tags.map((tag) => source.bytes(tag)).filter((bytes) => bytes !== undefined);
  const same = (bytes: Uint8Array) => bytes;
  const set = source.bytes(TAGS.SpecificCharacterSet);
  const name = source.text(TAGS.SpecificCharacterSet) ?? "";
  if (name === UTF_8 || copied.every(isAscii)) return { characterSet: UTF_8, copied: same };
  if (set && own.every((text) => ASCII.test(text))) return { characterSet: set, copied: same };
  const label = DECODERS[name];
  if (!label || label === "ascii") return undefined;
  const decoder = new TextDecoder(label);
  return { characterSet: UTF_8, copied: (bytes) => Buffer.from(decoder.decode(bytes).trimEnd(), "utf8") };
}
