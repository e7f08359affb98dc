import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { DatasetError } from "./errors.js";

/** A picture and its mask, found by their common stem. */
export interface Pair {
  readonly stem: string;
  readonly imagePath: string;
  readonly maskPath: string;
}

const EXTENSIONS = [".png", ".jpg", ".jpeg", ".tif", ".tiff"];
const LISTED = 5;

/** The names in a folder, in an order that does not depend on the machine's language; undefined if there is none. */
export async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    // Names that begin with a dot are litter of the operating system ("._scan.png").
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  } catch {
    return undefined;
  }
}

/** The first few of a list, and how many more there are. */
function firstFew(names: readonly string[]): string {
  const rest = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Picture files of a folder by stem. */
async function byStem(folder: string): Promise<Map<string, string>> {
  const names = await listFolder(folder);
  if (!names) throw new DatasetError("DATASET_EMPTY", `${folder}: no such folder; put the files there`, { folder });
  const found = new Map<string, string>();
  const twice: string[] = [];
  for (const name of names) {
    const extension = extname(name);
    if (!EXTENSIONS.includes(extension.toLowerCase())) continue;
    const stem = basename(name, extension);
    if (found.has(stem)) twice.push(name);
    found.set(stem, join(folder, name));
  }
  if (twice.length > 0)
    throw new DatasetError(
      "DATASET_DUPLICATE",
      `${folder}: more than one file of the same stem (${firstFew(twice)}); keep one of each`,
      { folder, count: twice.length },
    );
  if (found.size === 0)
    throw new DatasetError(
      "DATASET_EMPTY",
      `${folder}: none of its ${names.length} files is a picture; expected are ${EXTENSIONS.join(" ")}`,
      { folder },
    );
  return found;
}

/**
 * Pairs `folder/images/*` with `folder/masks/*` by stem, sorted by stem. Masks without a picture are ignored (people
 * keep masks of pictures that they took out); pictures without a mask are an error.
 * @throws DatasetError DATASET_EMPTY, DATASET_UNPAIRED, DATASET_DUPLICATE
 */
export async function findPairs(folder: string): Promise<Pair[]> {
  const images = await byStem(join(folder, "images"));
  const masks = await byStem(join(folder, "masks"));
  const bare = [...images.keys()].filter((stem) => !masks.has(stem)).sort();
  if (bare.length > 0)
    throw new DatasetError(
      "DATASET_UNPAIRED",
      `${folder}: ${bare.length} of ${images.size} pictures have no mask of the same stem in masks/: ${firstFew(bare)}; ` +
        "add the masks or take these pictures out",
      { folder, count: bare.length },
    );
  return [...images.keys()].sort().map((stem) => ({
    stem,
    imagePath: images.get(stem) as string,
    maskPath: masks.get(stem) as string,
  }));
}
