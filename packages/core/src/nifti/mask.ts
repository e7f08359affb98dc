import type { MaskSource } from "../data/sources.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { sliceOf } from "./slice.js";
import { unreadableVolume } from "./unreadable.js";
import { openVolume, type Volume } from "./volume.js";

/** Labels that were scaled on the way are whole numbers up to this. */
const WHOLE = 1e-3;

/**
 * A function from a position in `voxels` to whether the voxel is inside: its label is one of `labels`, or any but 0 unless
 * they are named. What is not a number is outside.
 *
 * @throws ImageError IMAGE_UNREADABLE for a colour volume, and from the function for a value that is no whole number
 */
export function insideOf(volume: Volume, labels?: readonly number[]): (at: number) => boolean {
  const { path, voxels, slope, intercept, channels } = volume;
  if (channels > 1)
    throw unreadableVolume(path, "a colour volume, where a label map is expected", "save the labels as whole numbers");
  const wanted = labels && new Set(labels);
  return (at) => {
    const value = voxels[at] * slope + intercept;
    if (Number.isNaN(value)) return false;
    const label = Math.round(value);
    // Written so that infinity, whose difference to itself is not a number, is refused too.
    if (!(Math.abs(value - label) <= WHOLE))
      throw unreadableVolume(
        path,
        `holds the value ${value}, where a label map has whole numbers`,
        "save the labels as whole numbers (set a threshold, if they are probabilities)",
      );
    return wanted ? wanted.has(label) : label !== 0;
  };
}

/**
 * Reads one slice of a NIfTI label map, of the same view and size as `readNiftiImage` gives for an image on the same grid;
 * where the spacings differ by more than 1 % the coarser axis is filled in with the nearest voxel. Labels are whole
 * numbers; values within 0.001 of one are rounded.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readNiftiMask(source: Extract<MaskSource, { kind: "nifti" }>): Promise<Mask> {
  const volume = await openVolume(source.path);
  const { width, height, first, across, down, square } = sliceOf(volume, source.plane, source.index);
  const inside = insideOf(volume, source.labels);
  const data = new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to++) if (inside(first + x * across + y * down)) data[to] = 1;
  return resizeMask({ data, width, height }, square.width, square.height);
}
