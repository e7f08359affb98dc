import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { part10, SYNTAX, type TestElements } from "./dicom.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Grey of 16 bits unless other elements say otherwise; without pixels. */
export function imageElements(columns: number, rows: number, more: TestElements = {}): TestElements {
  return {
    "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.7"],
    "00080018": ["UI", "2.25.1"],
    "00080060": ["CS", "OT"],
    "00100010": ["PN", "Doe^Jane"],
    "00100020": ["LO", "P1"],
    "0020000D": ["UI", "2.25.2"],
    "0020000E": ["UI", "2.25.3"],
    "00280002": ["US", [1]],
    "00280004": ["CS", "MONOCHROME2"],
    "00280010": ["US", [rows]],
    "00280011": ["US", [columns]],
    "00280100": ["US", [16]],
    "00280101": ["US", [16]],
    "00280102": ["US", [15]],
    "00280103": ["US", [0]],
    ...more,
  };
}

/** Elements of pixels with so many bits, allocated and stored alike. */
export function bits(allocated: number, stored = allocated, highBit = stored - 1): TestElements {
  return { "00280100": ["US", [allocated]], "00280101": ["US", [stored]], "00280102": ["US", [highBit]] };
}

/** A window whose ends are `low` and `high`, exactly. */
export function exactWindow(low: number, high: number): TestElements {
  return {
    "00281050": ["DS", String((low + high) / 2)],
    "00281051": ["DS", String(high - low)],
    "00281056": ["CS", "LINEAR_EXACT"],
  };
}

/** Elements of a colour picture of 8 bits. */
export function colour(photometric: string, planar = 0): TestElements {
  return {
    ...bits(8),
    "00280002": ["US", [3]],
    "00280004": ["CS", photometric],
    "00280006": ["US", [planar]],
  };
}

/** Writes bytes into a folder of their own. */
export async function dicomFile(bytes: Uint8Array, name = "image.dcm"): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

/** A file with uncompressed pixels. */
export async function nativeFile(
  columns: number,
  rows: number,
  pixels: readonly number[] | Uint8Array,
  more: TestElements = {},
  syntax: string = SYNTAX.explicit,
  vr = "OW",
): Promise<string> {
  return await dicomFile(part10(imageElements(columns, rows, { ...more, "7FE00010": [vr, pixels] }), syntax));
}
