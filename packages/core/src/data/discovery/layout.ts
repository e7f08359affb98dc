import { join } from "node:path";
import { PARTS, type Part, partOf } from "../parts.js";
import type { Problem } from "../problem.js";
import { empty } from "./complaints.js";
import { listFolder } from "./listing.js";
import { flatShelf, nnunetShelf, pairedShelf, type Shelf } from "./shelf.js";

const IMAGES = ["images"];
const MASKS = ["masks", "labels", "segmentations"];

/** The first of `wanted` among the names of a folder, in any case of its letters, as it is written there. */
export function called(names: readonly string[], wanted: readonly string[]): string | undefined {
  return wanted.flatMap((want) => names.find((name) => name.toLowerCase() === want) ?? []).at(0);
}

/** `images/` and `masks/`. DICOM segmentations may lie among the images; then no second folder is needed. */
async function paired(folder: string, names: readonly string[], part?: Part): Promise<Shelf> {
  const images = join(folder, called(names, IMAGES) as string);
  const masks = called(names, MASKS);
  const shelf = await pairedShelf(masks ? { images, masks: join(folder, masks), part } : { images, part });
  if (masks || shelf.segmentations.length > 0) return shelf;
  return withProblem(shelf, empty(join(folder, MASKS[0]), "no such folder", "put the files there"));
}

/** One part of a split that the folder brings, or a folder without a split. */
async function place(folder: string, names: readonly string[], part?: Part): Promise<Shelf> {
  if (called(names, IMAGES)) return paired(folder, names, part);
  const [images, labels] = [called(names, ["imagestr"]), called(names, ["labelstr"])];
  if (images && labels)
    return { ...(await nnunetShelf({ images: join(folder, images), masks: join(folder, labels) })), part };
  const shelf = await flatShelf(folder, part);
  const marked = shelf.masks.length + shelf.segmentations.length > 0;
  if (marked || shelf.problems.some(({ severity }) => severity === "fatal")) return shelf;
  // Not a list of every file of a folder that was never meant: one problem says all.
  return withProblem(
    { ...shelf, pictures: [], problems: [] },
    empty(
      folder,
      "has no folder images, and no masks lie beside its files",
      "put pictures into images/ and masks of the same names into masks/",
    ),
  );
}

function withProblem(shelf: Shelf, problem: Problem): Shelf {
  return { ...shelf, problems: [...shelf.problems, problem] };
}

/**
 * The places of a data folder that has no manifest: its parts, `train`, `val` and `test` (all three), or the folder itself.
 * Undefined where there is no such folder.
 */
export async function shelvesOf(folder: string): Promise<Shelf[] | undefined> {
  const names = await listFolder(folder);
  if (!names) return undefined;
  const own = called(names, IMAGES) ? [] : names.flatMap((name) => (partOf(name) ? [name] : []));
  if (own.length === 0) return [await place(folder, names)];
  const shelves = await Promise.all(
    own.map(async (name) => place(join(folder, name), (await listFolder(join(folder, name))) ?? [], partOf(name))),
  );
  const absent = PARTS.filter((part) => !own.some((name) => partOf(name) === part));
  return absent.length === 0 ? shelves : [...shelves, { ...EMPTY, folder, problems: [absentPart(folder, absent)] }];
}

const EMPTY = { pictures: [], masks: [], segmentations: [], others: 0 };

function absentPart(folder: string, absent: readonly Part[]): Problem {
  return empty(
    folder,
    `has no folder ${absent.join(" and no ")}`,
    "bring train, val and test, or one images/ and one masks/",
  );
}
