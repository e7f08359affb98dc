import type { Plane } from "../data/sources.js";
import { ImageError } from "../image/errors.js";
import type { Size } from "../image/place.js";
import { squareSize } from "../image/square.js";
import { unreadableVolume } from "./unreadable.js";
import { ACROSS, type Volume } from "./volume.js";

/**
 * One slice of a volume as a radiologist looks at it. Pixel (x, y), rows from the top, begins at
 * `voxels[first + x * across + y * down]`.
 */
export interface Slice extends Size {
  readonly first: number;
  readonly across: number;
  readonly down: number;
  /** The size with square pixels, at the finer of the two spacings. */
  readonly square: Size;
}

/** Pictures above this are refused, as picture files are. */
const MAX_PIXELS = 100_000_000;

/** Which of (right, anterior, superior) run from the picture's right to left, and from its bottom to its top. */
const SIDES: Readonly<Record<Plane, readonly [0 | 1, 1 | 2]>> = { axial: [0, 1], coronal: [0, 2], sagittal: [1, 2] };

/**
 * Finds a slice. Axial: the patient's right is at the left of the picture, anterior at the top; coronal: right at the
 * left, superior at the top; sagittal: anterior at the left, superior at the top.
 *
 * @param index from 0, towards superior, anterior, right
 * @throws ImageError IMAGE_UNREADABLE when there is no such slice; IMAGE_TOO_LARGE when its voxels are so far from square
 *   that the picture would have more than 100 million pixels
 */
export function sliceOf(volume: Volume, plane: Plane, index: number): Slice {
  const { path, shape, spacing, steps } = volume;
  const count = shape[ACROSS[plane]];
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw unreadableVolume(path, `no ${plane} slice ${index}`, `its ${count} ${plane} slices are 0 to ${count - 1}`);
  const [x, y] = SIDES[plane];
  const square = squareSize(shape[x], shape[y], spacing[x], spacing[y]);
  if (square.width * square.height > MAX_PIXELS)
    throw new ImageError(
      "IMAGE_TOO_LARGE",
      `${path}: its ${plane} slices with square pixels would be ${square.width} x ${square.height}; choose another plane, ` +
        "or resample the volume",
      { path, ...square },
    );
  // Both sides of the picture run against their axes, so it begins at the far end of both.
  const far = (shape[x] - 1) * steps[x] + (shape[y] - 1) * steps[y];
  return {
    width: shape[x],
    height: shape[y],
    first: volume.first + index * steps[ACROSS[plane]] + far,
    across: -steps[x],
    down: -steps[y],
    square,
  };
}
