import { posix } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { messageOf } from "../../common/errors.js";
import { csvText, delimiterOf, plainCell } from "../csv-text.js";
import { type Part, partOf } from "../parts.js";

/** One line of a manifest. */
export interface ManifestRow {
  /** Of the file, from 1. */
  readonly line: number;
  /** Relative to the manifest's folder, or absolute; "/" between the names. */
  readonly image: string;
  readonly mask?: string;
  readonly patient?: string;
  readonly part?: Part;
}

/** Something wrong with a manifest. */
export interface ManifestFault {
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

export interface Manifest {
  readonly rows: readonly ManifestRow[];
  readonly faults: readonly ManifestFault[];
  /** Columns that are not used. */
  readonly unknown: readonly string[];
}

const COLUMNS = ["image", "mask", "patient", "split"] as const;
type Column = (typeof COLUMNS)[number];

const isColumn = (name: string) => COLUMNS.includes(name as Column);

interface Record {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function faultOf(error: unknown): ManifestFault {
  const line = error instanceof CsvError && typeof error.lines === "number" ? error.lines : 1;
  return { line, message: `is no CSV (${messageOf(error)})`, remedy: "check the quotes of this line" };
}

/** A Windows path where it cannot be a name with a backslash: this machine's separator is the slash. "./a" is "a". */
const path = (cell: string) => posix.normalize(cell.replaceAll("\\", "/"));

/**
 * Parses `manifest.csv` (RFC 4180; separated by comma, semicolon or tab; with or without a byte order mark): a header line
 * with `image` and, if wanted, `mask`, `patient` and `split` (train, val or test) in any order. Empty lines are passed over.
 * Every bad line is reported, not only the first.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const text = csvText(bytes);
  let records: Record[];
  try {
    records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text, isColumn),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Record[];
  } catch (error) {
    return { rows: [], faults: [faultOf(error)], unknown: [] };
  }
  const [head, ...body] = records;
  const names = head?.record.map(plainCell) ?? [];
  const faults = headFaults(names);
  if (faults.length > 0) return { rows: [], faults, unknown: [] };
  const unknown = names.filter((name) => name !== "" && !isColumn(name));
  const filled = body.filter(({ record }) => record.some((cell) => cell !== ""));
  const read = filled.map((record) => rowOf(record, names));
  const rows = read.flatMap((row) => ("image" in row ? [row] : []));
  const wrong = read.flatMap((row) => ("message" in row ? [row] : []));
  const all = [...wrong, ...splitFaults(rows), ...repeated(rows)].sort((p, q) => p.line - q.line);
  return { rows, faults: all, unknown };
}

function headFaults(names: readonly string[]): ManifestFault[] {
  const remedy = "begin the file with a line image,mask,patient,split (mask, patient and split if wanted)";
  if (!names.includes("image")) return [{ line: 1, message: "has no column image", remedy }];
  const double = COLUMNS.filter((column) => names.filter((name) => name === column).length > 1);
  return double.map((column) => ({ line: 1, message: `has two columns ${column}`, remedy: "keep one of them" }));
}

function rowOf({ record, info }: Record, names: readonly string[]): ManifestRow | ManifestFault {
  const line = info.lines;
  const cell = (column: Column) => record[names.indexOf(column)]?.trim() || undefined;
  // Spreadsheets fill lines up with empty cells.
  if (record.slice(names.length).some((cell) => cell !== ""))
    return {
      line,
      message: `has ${record.length} cells, but there are ${names.length} columns`,
      remedy: "put names that hold a separator into quotes",
    };
  const [image, mask, patient, split] = COLUMNS.map(cell);
  if (image === undefined) return { line, message: "names no image", remedy: "name one, or delete the line" };
  const part = split === undefined ? undefined : partOf(split);
  if (split !== undefined && !part)
    return { line, message: `the split is "${split}"`, remedy: "use train, val or test, or leave the column empty" };
  return {
    line,
    image: path(image),
    ...(mask === undefined ? {} : { mask: path(mask) }),
    ...(patient === undefined ? {} : { patient }),
    ...(part ? { part } : {}),
  };
}

/** A split is for all lines or for none: what a line without one means would be a guess. */
function splitFaults(rows: readonly ManifestRow[]): ManifestFault[] {
  const bare = rows.filter(({ part }) => !part);
  if (bare.length === rows.length) return [];
  return bare.map(({ line }) => ({
    line,
    message: "has no split, but other lines have one",
    remedy: "give every line a split, or none",
  }));
}

function repeated(rows: readonly ManifestRow[]): ManifestFault[] {
  const seen = new Map<string, number>();
  return rows.flatMap(({ line, image }) => {
    const first = seen.get(image);
    if (first === undefined) seen.set(image, line);
    return first === undefined
      ? []
      : [{ line, message: `names the image of line ${first} again`, remedy: "delete one of the lines" }];
  });
}
