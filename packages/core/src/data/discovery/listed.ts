import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { mapLimited } from "../limited.js";
import type { Problem } from "../problem.js";
import { empty, unpaired, wrongKind } from "./complaints.js";
import { dicomCases } from "./dicom-frames.js";
import { accessProblem, type FoundFile, identify, isProblem, stemOf } from "./formats.js";
import { type Found, type FoundCase, spoiled, together } from "./found-case.js";
import { type ManifestFault, type ManifestRow, parseManifest } from "./manifest.js";
import { MaskIndex } from "./masks.js";
import { type PairingOptions, pairOf } from "./pairing.js";
import { lookThrough } from "./shelf.js";

export const MANIFEST = "manifest.csv";

/** Rows at once: volumes are large. */
const AT_ONCE = 4;

function faultProblem(file: string, { line, message, remedy }: ManifestFault): Problem {
  return { severity: "fatal", code: "MANIFEST_INVALID", file, message: `line ${line} ${message}`, remedy };
}

function unknownColumns(file: string, names: readonly string[]): Problem[] {
  if (names.length === 0) return [];
  const message = `line 1 has columns that are not used: ${names.join(", ")}`;
  const remedy = "none if that is meant; known are image, mask, patient and split";
  return [{ severity: "warning", code: "MANIFEST_INVALID", file, message, remedy }];
}

/** A problem of a file that a row names, with its line. */
function atLine(problem: Problem, line: number): Problem {
  return { ...problem, message: `${problem.message} (line ${line} of ${MANIFEST})` };
}

interface Opened {
  readonly row: ManifestRow;
  readonly image: FoundFile | Problem;
  readonly mask?: FoundFile | Problem;
}

function unsuitable(path: string): Problem {
  return {
    severity: "case",
    code: "IMAGE_UNREADABLE",
    file: path,
    message: "is no picture, DICOM file or volume",
    remedy: "correct the line",
  };
}

async function open(folder: string, name: string): Promise<FoundFile | Problem> {
  const path = isAbsolute(name) ? name : join(folder, name);
  return (await accessProblem(path)) ?? (await identify(path, stemOf(name))) ?? unsuitable(path);
}

async function openRow(folder: string, row: ManifestRow): Promise<Opened> {
  const image = await open(folder, row.image);
  return { row, image, ...(row.mask === undefined ? {} : { mask: await open(folder, row.mask) }) };
}

/** The masks of rows that name none: all files of the folder that are no row's image. */
async function indexOf(folder: string, opened: readonly Opened[]): Promise<{ index: MaskIndex; problems: Problem[] }> {
  const bare = opened.some(({ mask }) => !mask);
  const files = bare ? (await lookThrough(folder)).files : [];
  const images = new Set(opened.map(({ image }) => (isProblem(image) ? image.file : image.path)));
  const others = files.filter(({ path }) => !images.has(path));
  return MaskIndex.of(
    // A mask in masks/ is called as its picture in images/.
    others.filter(({ kind }) => kind !== "segmentation").map((file) => ({ ...file, stem: bareStem(file) })),
    others.filter(({ kind }) => kind === "segmentation"),
  );
}

function bareStem({ stem }: Pick<FoundFile, "stem">): string {
  return stem.replace(/(^|\/)(images|masks|labels|segmentations)\//i, "$1");
}

/** Finds the cases of rows. A segmentation that many rows name is read once. */
class RowReader {
  readonly #named = new Map<string, ReturnType<typeof MaskIndex.of>>();

  constructor(
    private readonly index: MaskIndex,
    private readonly options: PairingOptions,
  ) {}

  async casesOf({ row, image, mask }: Opened): Promise<Found> {
    const wrong = [image, mask].find((file) => file !== undefined && isProblem(file)) as Problem | undefined;
    if (wrong) return spoiled(atLine(wrong, row.line));
    const file = image as FoundFile;
    const given = mask as FoundFile | undefined;
    if (file.kind === "segmentation") return spoiled(atLine(unsuitable(file.path), row.line));
    if (file.kind === "dicom") return this.#dicom(file, given, row.line);
    const masks = given ? [given] : this.index.named(bareStem(file));
    if (masks.length !== 1) return spoiled(atLine(unpaired(file), row.line));
    return pairOf(file, masks[0], this.options);
  }

  async #dicom(file: FoundFile, given: FoundFile | undefined, line: number): Promise<Found> {
    const { rules } = this.options;
    if (!given) return dicomCases({ ...file, stem: bareStem(file) }, this.index, rules, false);
    if (given.kind === "picture") {
      const { index } = await MaskIndex.of([{ ...given, stem: file.stem }], []);
      return dicomCases(file, index, rules, false);
    }
    if (given.kind !== "segmentation") return spoiled(atLine(wrongKind(given, file), line));
    const { index, problems } = await this.#segmentation(given);
    if (problems.length > 0) return spoiled(atLine(problems[0], line));
    const { instance = "" } = file.header ?? {};
    if (index.covering(instance).length === 0) return spoiled(atLine(doesNotCover(given), line));
    return dicomCases(file, index, rules, false);
  }

  #segmentation(file: FoundFile): ReturnType<typeof MaskIndex.of> {
    const known = this.#named.get(file.path) ?? MaskIndex.of([], [file]);
    this.#named.set(file.path, known);
    return known;
  }
}

function doesNotCover({ path }: FoundFile): Problem {
  return {
    severity: "case",
    code: "SEGMENTATION_UNMATCHED",
    file: path,
    message: "does not reference the image of its line",
    remedy: "name the segmentation of this image",
  };
}

/** What the row says counts more than what the file says. */
function withRow(found: FoundCase, { patient, part }: ManifestRow): FoundCase {
  return {
    ...found,
    ...(part ? { part } : {}),
    ...(patient === undefined ? {} : { patient: { kind: "patient" as const, identifier: patient } }),
  };
}

/**
 * The cases that a folder's `manifest.csv` lists, sorted by stem: the order of the lines does not matter.
 * @param name of the manifest, as it is written there
 */
export async function listedCases(folder: string, name: string, options: PairingOptions): Promise<Found> {
  const path = join(folder, name);
  const barred = await accessProblem(path);
  if (barred) return spoiled({ ...barred, severity: "fatal" });
  const { rows, faults, unknown } = parseManifest(await readFile(path));
  const wrong = [...faults.map((fault) => faultProblem(path, fault)), ...unknownColumns(path, unknown)];
  if (rows.length === 0 && faults.length > 0) return { cases: [], problems: wrong, unused: 0 };
  if (rows.length === 0)
    return spoiled(empty(path, "lists no picture", "add a line for each, or delete the file to go by folders"));
  const opened = await mapLimited(rows, AT_ONCE, (row) => openRow(folder, row));
  const { index, problems } = await indexOf(folder, opened);
  const reader = new RowReader(index, options);
  const found = await mapLimited(opened, AT_ONCE, async (one) => {
    options.signal?.throwIfAborted();
    const { cases, ...rest } = await reader.casesOf(one);
    return { ...rest, cases: cases.map((each) => withRow(each, one.row)) };
  });
  const all = together(found);
  const order = (a: FoundCase, b: FoundCase) => (a.stem < b.stem ? -1 : a.stem > b.stem ? 1 : 0);
  return {
    ...all,
    cases: [...all.cases].sort(order),
    problems: [...wrong, ...problems, ...all.problems],
  };
}
