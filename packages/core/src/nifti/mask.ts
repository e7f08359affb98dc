import type { MaskSource } from "../data/sources.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { sliceOf } from "./slice.js";
import { unreadableVolume } from "./unreadable.js";
import { openVolume, type Volume } from "./volume.js";

/** Labels that were scaled on the way are whole numbers up to this. */
const WHOLE = 1e-3;

const OUTSIDE = 0;
const INSIDE = 1;
const NO_LABEL = 2;
const NOT_YET = 3;

/** What a value means: outside, inside, or no label at all. */
function judge(value: number, wanted: ReadonlySet<number> | undefined): number {
  if (Number.isNaN(value)) return OUTSIDE;
  const label = Math.round(value);
  // Written so that infinity, whose difference to itself is not a number, is no label either.
  if (!(Math.abs(value - label) <= WHOLE)) return NO_LABEL;
  const inside = wanted ? wanted.has(label) : label !== 0;
  return inside ? INSIDE : OUTSIDE;
}

/** As `judge`, by stored number; those of 8 and 16 bits are judged once each, as a volume has many voxels of few. */
function judgeStored({ voxels, slope, intercept }: Volume, wanted: ReadonlySet<number> | undefined) {
  const fresh = (stored: number) => judge(stored * slope + intercept, wanted);
  if (voxels.BYTES_PER_ELEMENT > 2) return fresh;
  const first = voxels instanceof Int8Array || voxels instanceof Int16Array ? -32768 : 0;
  const table = new Uint8Array(65536).fill(NOT_YET);
  return (stored: number) => {
    const known = table[stored - first];
    if (known !== NOT_YET) return known;
    table[stored - first] = fresh(stored);
    return table[stored - first];
  };
}

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
  const meaning = judgeStored(volume, labels && new Set(labels));
  return (at) => {
    const found = meaning(voxels[at]);
    if (found === NO_LABEL)
      throw unreadableVolume(
        path,
        `holds the value ${voxels[at] * slope + intercept}, where a label map has whole numbers`,
        "save the labels as whole numbers (set a threshold, if they are probabilities)",
      );
    return found === INSIDE;
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
