import { join, relative, sep } from "node:path";
import { mapLimited } from "../limited.js";
import type { Part } from "../parts.js";
import type { Problem } from "../problem.js";
import { type FoundFile, identify, isProblem, stemOf } from "./formats.js";
import { listFiles } from "./listing.js";
import { withoutEnding } from "./masks.js";

/** Files read at once: more than processors, for disks and network shares that answer slowly. */
const AT_ONCE = 8;

/** What was found in one place of a data folder. */
export interface Shelf {
  /** Where pictures were looked for, for error texts. */
  readonly folder: string;
  /** The part of a split that the folder brings. */
  readonly part?: Part | undefined;
  readonly pictures: readonly FoundFile[];
  /** Found as masks by where they lie or how they are called. */
  readonly masks: readonly FoundFile[];
  readonly segmentations: readonly FoundFile[];
  readonly problems: readonly Problem[];
  /** Files that are none of ours. */
  readonly others: number;
}

interface Looked {
  readonly files: readonly FoundFile[];
  readonly problems: readonly Problem[];
  readonly others: number;
}

/** All files below a folder, sorted by what they are. */
export async function lookThrough(folder: string): Promise<Looked> {
  const listing = await listFiles(folder);
  const identified = await mapLimited(listing.files, AT_ONCE, (name) => identify(join(folder, name), stemOf(name)));
  const files: FoundFile[] = [];
  const problems = [...listing.problems];
  let others = 0;
  for (const found of identified) {
    if (!found) others++;
    else if (isProblem(found)) problems.push(found);
    else files.push(found);
  }
  return { files, problems, others };
}

const isSegmentation = ({ kind }: FoundFile) => kind === "segmentation";
const NO_FILES: Looked = { files: [], problems: [], others: 0 };

/** A folder of pictures and one of masks; DICOM segmentations count as such in either. */
export async function pairedShelf(place: { images: string; masks?: string; part?: Part | undefined }): Promise<Shelf> {
  const images = await lookThrough(place.images);
  const masks = place.masks === undefined ? NO_FILES : await lookThrough(place.masks);
  return {
    folder: place.images,
    part: place.part,
    pictures: images.files.filter((file) => !isSegmentation(file)),
    masks: masks.files.filter((file) => !isSegmentation(file)),
    segmentations: [...images.files, ...masks.files].filter(isSegmentation),
    problems: [...images.problems, ...masks.problems],
    others: images.others,
  };
}

/** nnU-Net numbers the channels of a case: `CASE_0000` is the first, which is the one that is used. */
const CHANNEL = /_(\d{4})$/;

/** nnU-Net's `imagesTr` and `labelsTr`; masks are called as their case, without a channel's number. */
export async function nnunetShelf(place: { images: string; masks: string }): Promise<Shelf> {
  const shelf = await pairedShelf(place);
  const first = (stem: string) => (CHANNEL.exec(stem)?.[1] ?? "0000") === "0000";
  const pictures = shelf.pictures.filter(({ stem }) => first(stem));
  return { ...shelf, pictures: pictures.map((file) => ({ ...file, stem: file.stem.replace(CHANNEL, "") })) };
}

/** Folders whose files are masks, wherever they are. */
const MASK_FOLDERS = /(^|\/)(masks|labels|segmentations)\//i;
const FRAME = /[_-]\d+$/;

/**
 * A folder where pictures and masks lie together: a mask has an ending that says so, or lies in a folder called masks, or
 * is a picture called as a DICOM image or volume.
 */
export async function flatShelf(folder: string, part?: Part): Promise<Shelf> {
  const { files, problems, others } = await lookThrough(folder);
  const plain = files.filter((file) => !isSegmentation(file));
  // The mask of a file that cannot be read is no picture without a mask.
  const lost = problems.map(({ file }) => stemOf(relative(folder, file).split(sep).join("/")));
  const stems = new Set([...plain.map(({ stem }) => stem), ...lost]);
  const images = plain.filter(({ kind }) => kind !== "picture");
  const names = new Set([
    ...images.flatMap(({ stem, header }) => (header ? [stem, header.instance] : [stem])),
    ...lost,
  ]);
  const isMask = ({ stem, kind }: FoundFile) => {
    const base = withoutEnding(stem);
    if (MASK_FOLDERS.test(stem) || (base !== undefined && stems.has(base))) return true;
    const last = stem.slice(stem.lastIndexOf("/") + 1);
    const called = [stem, last, stem.replace(FRAME, ""), last.replace(FRAME, ""), base ?? stem];
    return kind === "picture" && called.some((name) => names.has(name));
  };
  const inPlace = (file: FoundFile) => ({ ...file, stem: file.stem.replace(MASK_FOLDERS, "$1") });
  return {
    folder,
    part,
    pictures: plain.filter((file) => !isMask(file)),
    masks: plain.filter(isMask).map(inPlace),
    segmentations: files.filter(isSegmentation),
    problems,
    others,
  };
}
