import { join } from "node:path";
import type { Image, Mask } from "../image/image.js";
import { readImage, readMask } from "../image/read.js";
import { DatasetError } from "./errors.js";
import { findPairs, listFolder, type Pair } from "./pairs.js";
import { DEFAULT_FRACTIONS, type SplitFractions, splitBySeed } from "./split.js";

export { DatasetError } from "./errors.js";

/** One picture with its mask. */
export interface Sample {
  /** Running number from 1, in the order of the stems: the only name that may leave the site. */
  readonly id: number;
  /** The file name without its extension: may name a patient, so it is never sent. */
  readonly stem: string;
  readonly imagePath: string;
  readonly maskPath: string;
}

/** A site's samples, in order of `id` within each part; no sample is in two parts. */
export interface Dataset {
  readonly train: readonly Sample[];
  readonly val: readonly Sample[];
  readonly test: readonly Sample[];
}

export interface DatasetOptions {
  readonly seed: number;
  /** Shares of a random split (default 0.6, 0.2, 0.2); of no effect where the folder brings its own split. */
  readonly fractions?: SplitFractions;
}

const PARTS = ["train", "val", "test"] as const;

/** Numbers the pairs from `first` on. */
function number(pairs: readonly Pair[], first: number): Sample[] {
  return pairs.map((pair, i) => ({ id: first + i, ...pair }));
}

/** A folder that brings its own split: train/, val/ and test/, each with images/ and masks/. */
async function openSplit(folder: string, names: readonly string[]): Promise<Dataset> {
  const absent = PARTS.filter((part) => !names.includes(part));
  if (absent.length > 0)
    throw new DatasetError(
      "DATASET_EMPTY",
      `${folder}: has no folder ${absent.join(" and no ")}; bring train, val and test, or one images/ and one masks/`,
      { folder },
    );
  const train = number(await findPairs(join(folder, "train")), 1);
  const val = number(await findPairs(join(folder, "val")), 1 + train.length);
  const test = number(await findPairs(join(folder, "test")), 1 + train.length + val.length);
  return { train, val, test };
}

/**
 * Opens one site's folder: `images/` and `masks/` with the same stems (PNG, JPEG, TIFF; any case of the extension), or
 * `train`, `val` and `test` with those two in each. Without a split of its own the folder is split by the seed; the
 * outcome depends on the sorted stems and the seed only. Reads names, not pictures.
 *
 * @throws DatasetError DATASET_MISSING, DATASET_EMPTY, DATASET_UNPAIRED, DATASET_DUPLICATE, DATASET_TOO_SMALL
 */
export async function openDataset(folder: string, options: DatasetOptions): Promise<Dataset> {
  const names = await listFolder(folder);
  if (!names)
    throw new DatasetError("DATASET_MISSING", `${folder}: no such folder, or it may not be read; check the path`, {
      folder,
    });
  if (names.includes("images")) {
    const samples = number(await findPairs(folder), 1);
    try {
      return splitBySeed(samples, options.seed, options.fractions ?? DEFAULT_FRACTIONS);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      throw new DatasetError(error.code, `${folder}: ${error.message}`, { folder, ...error.fields });
    }
  }
  if (PARTS.some((part) => names.includes(part))) return openSplit(folder, names);
  throw new DatasetError(
    "DATASET_EMPTY",
    `${folder}: has no folder images; put pictures into images/ and masks of the same names into masks/`,
    { folder },
  );
}

/**
 * Reads a sample's picture (RGB, 0..255) and mask, of one size, the mask with both inside and outside.
 * @throws DatasetError MASK_SIZE, MASK_EMPTY, MASK_FULL; ImageError when a file cannot be read
 */
export async function loadSample(sample: Sample): Promise<{ image: Image; mask: Mask }> {
  const [image, mask] = await Promise.all([readImage(sample.imagePath), readMask(sample.maskPath)]);
  const { maskPath } = sample;
  if (image.width !== mask.width || image.height !== mask.height)
    throw new DatasetError(
      "MASK_SIZE",
      `${maskPath}: the mask is ${mask.width} x ${mask.height} pixels but its picture ${image.width} x ${image.height}; ` +
        "save the mask at the picture's size",
      { maskPath },
    );
  const inside = mask.data.indexOf(1) >= 0;
  if (!inside)
    throw new DatasetError(
      "MASK_EMPTY",
      `${maskPath}: nothing is marked (inside is white, above half of the range); mark it or take the pair out`,
      { maskPath },
    );
  if (mask.data.indexOf(0) < 0)
    throw new DatasetError(
      "MASK_FULL",
      `${maskPath}: the whole picture is marked (outside is black); correct the mask or take the pair out`,
      { maskPath },
    );
  return { image, mask };
}
