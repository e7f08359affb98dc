import { extname } from "node:path";
import { type Assembly, assemble, type DatasetOptions } from "./assembly.js";
import type { DatasetError } from "./errors.js";
import { type Examined, examine } from "./examine.js";
import { judge } from "./judge.js";
import type { Part } from "./parts.js";
import type { Problem, Severity } from "./problem.js";
import type { MaskSource, PictureSource } from "./sources.js";
import { DEFAULT_TOLERANCE } from "./tolerance.js";

/** How often a size occurs. */
export interface SizeCount {
  readonly width: number;
  readonly height: number;
  readonly images: number;
}

/** Everything that a check of a data folder found. */
export interface Checked {
  readonly folder: string;
  /** Why the data cannot be used as they are; undefined if they can. */
  readonly error: DatasetError | undefined;
  /** Images that are there, bad ones too. */
  readonly images: number;
  /** Distinct patients of the cases; undefined where none is known. */
  readonly patients: number | undefined;
  /** Cases that would be used. */
  readonly splits: Readonly<Record<Part, number>>;
  readonly ownSplit: boolean;
  /** Sorted by severity, code and file. */
  readonly problems: readonly Problem[];
  /** Bad cases, which are left out if the others are used. */
  readonly leftOut: number;
  readonly tolerance: number;
  /** Images that no segmentation marks, though one marks others of their study. */
  readonly unused: number;
  /** The share of the picture that is marked, over the good cases, 0..1. */
  readonly foreground: { readonly min: number; readonly median: number; readonly max: number } | undefined;
  /** The most frequent first. */
  readonly sizes: readonly SizeCount[];
  readonly formats: {
    readonly images: Readonly<Record<string, number>>;
    readonly masks: Readonly<Record<string, number>>;
  };
  /** Each case as it was found, in order of its number. */
  readonly examined: readonly Examined[];
}

const RANK: Readonly<Record<Severity, number>> = { fatal: 0, case: 1, warning: 2 };

function inOrder(problems: readonly Problem[]): Problem[] {
  const key = ({ severity, code, file }: Problem) => `${RANK[severity]} ${code} ${file}`;
  return problems
    .map((problem) => ({ problem, key: key(problem) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ problem }) => problem);
}

function medianOf(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

function foregroundOf(examined: readonly Examined[]): Checked["foreground"] {
  const shares = examined
    .flatMap(({ figures }) => (figures ? [figures.inside / (figures.width * figures.height)] : []))
    .sort((a, b) => a - b);
  return shares.length === 0 ? undefined : { min: shares[0], median: medianOf(shares), max: shares[shares.length - 1] };
}

function sizesOf(examined: readonly Examined[]): SizeCount[] {
  const counts = new Map<string, SizeCount>();
  for (const { figures } of examined) {
    if (!figures) continue;
    const { width, height } = figures;
    const key = `${width}x${height}`;
    counts.set(key, { width, height, images: (counts.get(key)?.images ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.images - a.images || b.width * b.height - a.width * a.height);
}

function formatOf(source: PictureSource | MaskSource): string {
  if (source.kind === "nifti") return "NIfTI";
  if (source.kind === "dicom") return "DICOM";
  if (source.kind === "dicom-seg") return "DICOM-SEG";
  const extension = extname(source.path).slice(1).toUpperCase();
  return { JPG: "JPEG", JPE: "JPEG", JFIF: "JPEG", TIF: "TIFF" }[extension] ?? extension;
}

function countFormats(sources: readonly (PictureSource | MaskSource)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const source of sources) counts[formatOf(source)] = (counts[formatOf(source)] ?? 0) + 1;
  return counts;
}

function patientsOf({ samples }: Assembly): number | undefined {
  const known = new Set(samples.flatMap(({ patient }) => patient ?? []));
  return known.size === 0 ? undefined : known.size;
}

/**
 * Reads every picture and mask of a folder once and finds everything that is wrong, by the rules of `openUsable`: the data
 * can be used exactly where that opens them.
 * @throws the signal's reason when it is aborted
 */
export async function checkData(folder: string, options: DatasetOptions): Promise<Checked> {
  const assembly = await assemble(folder, options);
  const { samples, discovery } = assembly;
  const examined = await examine(samples, options);
  const { tolerance = DEFAULT_TOLERANCE } = options;
  const { error, problems, left, leftOut, total, unused } = judge(assembly, examined, tolerance);
  return {
    folder,
    error,
    images: total,
    patients: patientsOf(assembly),
    splits: { train: left.train.length, val: left.val.length, test: left.test.length },
    ownSplit: discovery.ownSplit,
    problems: inOrder(problems),
    leftOut: leftOut.length,
    tolerance,
    unused,
    foreground: foregroundOf(examined),
    sizes: sizesOf(examined),
    formats: {
      images: countFormats(samples.map(({ image }) => image)),
      masks: countFormats(samples.map(({ mask }) => mask)),
    },
    examined,
  };
}
