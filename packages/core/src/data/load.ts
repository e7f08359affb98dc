import type { Image, Mask } from "../image/image.js";
import { openVolume, volumesMatch } from "../nifti/volume.js";
import type { DatasetError, DatasetErrorCode } from "./errors.js";
import { caseError } from "./problem.js";
import { readPicture, readTruth } from "./read.js";
import type { Sample } from "./samples.js";

/** An image and its labels have to lie on the same grid: slices of one size may still show different places. */
async function checkGrid({ image, mask }: Pick<Sample, "image" | "mask">): Promise<void> {
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

/**
 * Reads a sample's picture (RGB, 0..255) and mask, of one size, the mask with both inside and outside.
 * @throws DatasetError MASK_SIZE, MASK_EMPTY, MASK_FULL, MASK_GRID; ImageError when a file cannot be read
 */
export async function loadSample(sample: Pick<Sample, "image" | "mask">): Promise<{ image: Image; mask: Mask }> {
  await checkGrid(sample);
  const [image, mask] = await Promise.all([readPicture(sample.image), readTruth(sample.mask)]);
  const maskPath = sample.mask.path;
  const wrong = (code: DatasetErrorCode, message: string, remedy: string): DatasetError =>
    caseError(code, maskPath, message, remedy);
  if (image.width !== mask.width || image.height !== mask.height)
    throw wrong(
      "MASK_SIZE",
      `the mask is ${mask.width} x ${mask.height} pixels but its picture ${image.width} x ${image.height}`,
      "save the mask at the picture's size",
    );
  if (mask.data.indexOf(1) < 0)
    throw wrong(
      "MASK_EMPTY",
      sample.mask.kind === "picture"
        ? "nothing is marked (inside is white, above half of the range)"
        : `nothing is marked${placeOf(sample.mask)}`,
      "mark it or take the pair out",
    );
  if (mask.data.indexOf(0) < 0)
    throw wrong("MASK_FULL", "the whole picture is marked (outside is black)", "correct the mask or take the pair out");
  return { image, mask };
}

function placeOf(mask: Exclude<Sample["mask"], { kind: "picture" }>): string {
  return mask.kind === "nifti" ? ` in ${mask.plane} slice ${mask.index}` : ` in frame ${mask.frame + 1} of its image`;
}
