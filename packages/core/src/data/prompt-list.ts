import { CsvError, parse } from "csv-parse/sync";
import type { Prompt, PromptBox, PromptPoint } from "../blackbox/model.js";
import { UsageError } from "../common/errors.js";
import { delimiterOf } from "./csv-text.js";
import { firstFew } from "./problem.js";

/** What a list of prompts says of one object in one picture, in pixels of that picture. */
export interface ListedPrompt {
  /** As written, "/" between the names. */
  readonly image: string;
  /** Which of several objects in the picture; absent where the list does not say. */
  readonly object?: string;
  /** Of a DICOM file of several frames, from 1. */
  readonly frame?: number;
  /** Of a volume, from 1. */
  readonly slice?: number;
  readonly prompt: Prompt;
  /** The line in the list where it first stands. */
  readonly line: number;
}

const COLUMNS = ["image", "x", "y", "label", "x0", "y0", "x1", "y1", "object", "frame", "slice"] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Partial<Record<Column, string>>;

interface Line {
  readonly number: number;
  readonly cells: Cells;
}

/** A column's name, or a number: what a picture's name seldom is. */
const isKnown = (cell: string) => COLUMNS.some((column) => column === cell) || /^-?\d+([.,]\d+)?$/.test(cell);

const HEADS = "image,x,y, or image,x,y,label, or image,x0,y0,x1,y1";

/**
 * Reads a list of prompts: CSV (comma, semicolon or tab; quotes; a byte order mark), a point or a box a line. With a line
 * of column names, in any order, of `image`, `x`, `y`, `label` (1 foreground, 0 background, 1 where empty), `x0`, `y0`, `x1`,
 * `y1`, `object`, `frame`, `slice`; without one, `image,x,y`, `image,x,y,label` or `image,x0,y0,x1,y1`. Lines of one picture
 * (and object, frame, slice) make one prompt: its points in their order, and one box.
 *
 * @param file how to name the list in an error
 * @throws UsageError naming every bad line at once
 */
export function parsePromptList(text: string, file: string): ListedPrompt[] {
  const faults: string[] = [];
  const found = new Map<string, { first: ListedPrompt; points: PromptPoint[]; box?: PromptBox }>();
  for (const { number, cells } of linesOf(text, file)) {
    try {
      const { points, box, ...where } = readLine(cells);
      const key = JSON.stringify([where.image, where.object, where.frame, where.slice]);
      const entry = found.get(key) ?? { first: { ...where, prompt: { points: [] }, line: number }, points: [] };
      if (box && entry.box) throw new Error("a second box for the same picture; give it another object");
      found.set(key, { ...entry, points: [...entry.points, ...points], ...(box ? { box } : {}) });
    } catch (error) {
      faults.push(`line ${number}: ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new UsageError(`${file}: ${firstFew(faults)}; correct the list`, { file, faults });
  if (found.size === 0) throw new UsageError(`${file}: holds no prompt; give lines of ${HEADS}`, { file });
  return [...found.values()].map(({ first, points, box }) => ({
    ...first,
    prompt: box ? { points, box } : { points },
  }));
}

function linesOf(text: string, file: string): Line[] {
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    rows = parse(text, {
      bom: true,
      delimiter: delimiterOf(text, isKnown),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof rows;
  } catch (error) {
    const reason = error instanceof CsvError ? error.message : String(error);
    throw new UsageError(`${file}: not a list of lines with commas (${reason}); give lines of ${HEADS}`, { file });
  }
  const [head] = rows;
  if (!head) return [];
  const names = head.record.map((name) => name.toLowerCase());
  const named = names.includes("image");
  if (named) checkNames(names, file);
  return rows.slice(named ? 1 : 0).map(({ record, info }) => {
    const columns = named
      ? names
      : record.length === 5
        ? ["image", "x0", "y0", "x1", "y1"]
        : ["image", "x", "y", "label"];
    const cells = Object.fromEntries(columns.map((name, i) => [name, record[i]]).filter(([, cell]) => cell));
    if (record.length > columns.length) cells.extra = record[columns.length];
    return { number: info.lines, cells: cells as Cells };
  });
}

function checkNames(names: readonly string[], file: string): void {
  const unknown = names.filter((name) => !COLUMNS.some((column) => column === name));
  const double = names.filter((name, i) => names.indexOf(name) !== i);
  if (unknown.length > 0 || double.length > 0)
    throw new UsageError(
      `${file}, line 1: ${unknown.length > 0 ? `no column is called ${firstFew(unknown)}` : `two columns are called ${double[0]}`}; ` +
        `use ${COLUMNS.join(", ")}`,
      { file },
    );
}

function readLine(cells: Cells): Omit<ListedPrompt, "prompt" | "line"> & { points: PromptPoint[]; box?: PromptBox } {
  const { image, object, ...rest } = cells;
  if (!image) throw new Error("names no image");
  if ("extra" in cells) throw new Error(`has more cells than columns; use ${HEADS}`);
  const point = rest.x !== undefined || rest.y !== undefined;
  const corners = [rest.x0, rest.y0, rest.x1, rest.y1];
  const boxed = corners.some((cell) => cell !== undefined);
  if (!point && !boxed) throw new Error("has neither a point nor a box");
  if (rest.label !== undefined && !/^[01]$/.test(rest.label))
    throw new Error(`the label is "${rest.label}"; use 1 (foreground) or 0 (background)`);
  const label = rest.label === "0" ? 0 : 1;
  return {
    image: image.replaceAll("\\", "/").replace(/^(\.\/)+/, ""),
    ...(object ? { object } : {}),
    ...(rest.frame === undefined ? {} : { frame: whole(rest.frame, "frame") }),
    ...(rest.slice === undefined ? {} : { slice: whole(rest.slice, "slice") }),
    points: point ? [{ x: coordinate(rest.x, "x"), y: coordinate(rest.y, "y"), label }] : [],
    ...(boxed ? { box: boxOfCorners(corners.map((cell, i) => coordinate(cell, ["x0", "y0", "x1", "y1"][i]))) } : {}),
  };
}

/** A box through two opposite corners `[x0, y0, x1, y1]`, in any order. @throws Error where it has no area */
export function boxOfCorners([x0, y0, x1, y1]: readonly number[]): PromptBox {
  const box = { left: Math.min(x0, x1), top: Math.min(y0, y1), right: Math.max(x0, x1), bottom: Math.max(y0, y1) };
  if (box.left === box.right || box.top === box.bottom) throw new Error("the box is a line; give two opposite corners");
  return box;
}

function coordinate(cell: string | undefined, name: string): number {
  if (cell === undefined) throw new Error(`has no ${name}`);
  if (!/^-?\d+(\.\d+)?$/.test(cell)) throw new Error(`${name} is "${cell}", where a number of pixels is expected`);
  return Number(cell);
}

function whole(cell: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(cell)) throw new Error(`${name} is "${cell}", where a whole number from 1 is expected`);
  return Number(cell);
}
