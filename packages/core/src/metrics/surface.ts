import type { Mask } from "../image/image.js";
import { squaredDistances } from "./distance.js";
import { checkSameSize } from "./overlap.js";

/** The mask's surface: pixels inside with a 4-neighbour outside; beyond the picture counts as outside. */
export function surfaceOf(mask: Mask): Uint8Array {
  const { data, width, height } = mask;
  const surface = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (!data[i]) continue;
      const inner =
        x > 0 &&
        x < width - 1 &&
        y > 0 &&
        y < height - 1 &&
        data[i - 1] &&
        data[i + 1] &&
        data[i - width] &&
        data[i + width];
      surface[i] = inner ? 0 : 1;
    }
  }
  return surface;
}

/** Linear between the two nearest ranks, as numpy.percentile does by default. `sorted` ascends and is not empty. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
}

/**
 * The 95th percentile of the symmetric surface distances, in pixels: the distances of every surface pixel of each mask
 * to the other's surface, pooled (as MedPy's `hd95`). 0 is perfect.
 *
 * Two empty masks give 0. When exactly one is empty there is no surface to measure to, and the picture's diagonal is
 * given: no two surfaces in this picture are further apart, so a mean over pictures stays finite and a miss counts.
 * @throws RangeError when the masks are not of one size
 */
export function hd95(predicted: Mask, truth: Mask): number {
  checkSameSize(predicted, truth);
  const { width, height } = truth;
  const surfaces = [surfaceOf(predicted), surfaceOf(truth)];
  const [emptyPredicted, emptyTruth] = surfaces.map((surface) => surface.indexOf(1) < 0);
  if (emptyPredicted && emptyTruth) return 0;
  if (emptyPredicted || emptyTruth) return Math.hypot(width, height);
  const distances: number[] = [];
  for (const [from, to] of [surfaces, [surfaces[1], surfaces[0]]]) {
    const squared = squaredDistances(to, width, height);
    for (let i = 0; i < from.length; i++) if (from[i]) distances.push(Math.sqrt(squared[i]));
  }
  return percentile(Float64Array.from(distances).sort(), 95);
}
