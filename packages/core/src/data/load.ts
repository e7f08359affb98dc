import type { Fault } from "../image/errors.js";
import type { Image, Mask } from "../image/image.js";
import { maskFault } from "../image/mask-values.js";
import { pictureFacts } from "../image/raster.js";
import { readMaskValues } from "../image/read.js";
import { openVolume, volumesMatch } from "../nifti/volume.js";
import type { DatasetErrorCode } from "./errors.js";
import { caseError } from "./problem.js";
import { readPicture, readTruth } from "./read.js";
import type { Sample } from "./samples.js";
import { type MaskSource, placeInFile } from "./sources.js";

type Sources = Pick<Sample, "image" | "mask">;

/** An image and its labels have to lie on the same grid: slices of one size may still show different places. */
async function checkGrid({ image, mask }: Sources): Promise<void> {
  if (image.kind !== "nifti" || mask.kind !== "nifti") return;
  const apart = volumesMatch(await openVolume(image.path), await openVolume(mask.path));
  if (apart)
    throw caseError(
      "MASK_GRID",
      mask.path,
      `does not lie on its image's grid (${apart})`,
      "resample it onto that grid",
    );
}

function checkPair(source: MaskSource, image: Image, mask: Mask): void {
  const wrong = (code: DatasetErrorCode, message: string, remedy: string) =>
    caseError(code, source.path, message, remedy);
  if (image.width !== mask.width || image.height !== mask.height)
    throw wrong(
      "MASK_SIZE",
      `the mask is ${mask.width} x ${mask.height} pixels but its picture ${image.width} x ${image.height}`,
      "save the mask at the picture's size",
    );
  if (mask.data.indexOf(1) < 0)
    throw wrong("MASK_EMPTY", `nothing is marked${placeOf(source)}`, "mark it or take the pair out");
  if (mask.data.indexOf(0) < 0)
    throw wrong("MASK_FULL", "the whole picture is marked (outside is black)", "correct the mask or take the pair out");
}

/**
 * Reads a sample's picture (RGB, 0..255) and mask, of one size, the mask with both inside and outside.
 * @throws DatasetError MASK_SIZE, MASK_EMPTY, MASK_FULL, MASK_GRID; ImageError when a file cannot be read
 */
export async function loadSample(sample: Sources): Promise<{ image: Image; mask: Mask }> {
  await checkGrid(sample);
  const [image, mask] = await Promise.all([readPicture(sample.image), readTruth(sample.mask)]);
  checkPair(sample.mask, image, mask);
  return { image, mask };
}

/** A sample as `loadSample` reads it, for a check. */
export interface Inspected {
  readonly image: Image;
  readonly mask: Mask;
  /** Why the mask's file may not mean black and white. */
  readonly strange: Fault | undefined;
  /** What `loadSample` would throw of a pair that can be read. */
  readonly error?: unknown;
}

async function truthOf(source: MaskSource): Promise<{ mask: Mask; strange?: Fault | undefined }> {
  if (source.kind !== "picture") return { mask: await readTruth(source) };
  const { mask, values } = await readMaskValues(source.path);
  return { mask, strange: maskFault(values) };
}

/** Pages or frames of a picture file that has several, of which only the first is read. */
export async function pagesOf({ image }: Sources): Promise<number | undefined> {
  if (image.kind !== "picture") return undefined;
  const { pages } = await pictureFacts(image.path);
  return pages > 1 ? pages : undefined;
}

/** Reads a sample and looks closer. @throws ImageError, DatasetError MASK_GRID when it cannot be read */
export async function inspectSample(sample: Sources): Promise<Inspected> {
  await checkGrid(sample);
  const [image, { mask, strange }] = await Promise.all([readPicture(sample.image), truthOf(sample.mask)]);
  try {
    checkPair(sample.mask, image, mask);
    return { image, mask, strange };
  } catch (error) {
    return { image, mask, strange, error };
  }
}

function placeOf(mask: MaskSource): string {
  if (mask.kind === "picture") return " (inside is white, above half of the range)";
  return ` in ${placeInFile(mask)}`;
}
