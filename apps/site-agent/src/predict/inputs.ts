import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { EXPECTED, type FoundFile, identify, isProblem, stemOf } from "@fedbaps/core/data/discovery/formats.js";
import { listFiles } from "@fedbaps/core/data/discovery/listing.js";
import type { Problem } from "@fedbaps/core/data/problem.js";

/** A file that can be segmented. */
export interface Input {
  /** Below the folder that was named, with "/" between the names. */
  readonly name: string;
  readonly file: FoundFile;
}

export interface Inputs {
  /** Whether a folder was named, rather than one file. */
  readonly folder: boolean;
  readonly pictures: readonly Input[];
  /** Files and folders that cannot be read. */
  readonly problems: readonly Problem[];
}

/**
 * The pictures at a path: the one file, or all below a folder, links followed. Files that are no pictures are passed over,
 * and so is everything below `except`, and segmentations.
 * @throws UsageError where there is nothing, or nothing that is a picture
 */
export async function findInputs(path: string, except: string): Promise<Inputs> {
  const place = resolve(path);
  const found = await stat(place).catch(() => undefined);
  if (!found) throw new UsageError(`${path}: no such file or folder; check the path`);
  if (!found.isDirectory()) return oneFile(path, place);
  if (place === except)
    throw new UsageError(
      `--out ${except} is the folder of the pictures; choose another, so that masks are no pictures`,
    );
  const { files, problems } = await listFiles(place);
  const pictures: Input[] = [];
  const bad: Problem[] = [...problems];
  for (const name of files) {
    const inner = join(place, name);
    if (within(inner, except)) continue;
    const file = await identify(inner, stemOf(name));
    if (file === undefined) continue;
    if (isProblem(file)) bad.push(file);
    else if (file.kind !== "segmentation") pictures.push({ name, file });
  }
  if (pictures.length === 0 && bad.length === 0)
    throw new UsageError(`${path}: holds no picture (${EXPECTED}); check the path`);
  return { folder: true, pictures, problems: bad };
}

async function oneFile(path: string, place: string): Promise<Inputs> {
  const file = await identify(place, stemOf(basename(place)));
  if (file === undefined || ("kind" in file && file.kind === "segmentation"))
    throw new UsageError(`${path}: not a picture that can be segmented; give ${EXPECTED}`);
  if (isProblem(file)) return { folder: false, pictures: [], problems: [file] };
  return { folder: false, pictures: [{ name: basename(place), file }], problems: [] };
}

function within(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || resolve(way) === way);
}

/** The folder from which outputs keep their place. */
export function rootOf(path: string, { folder }: Inputs): string {
  return folder ? resolve(path) : dirname(resolve(path));
}
