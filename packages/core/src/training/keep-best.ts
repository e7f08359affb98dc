import { mean } from "../math/vector.js";
import type { ImageScore } from "./evaluate.js";

/**
 * The Dice of the candidate less that of the incumbent, image by image, on the fixed validation list.
 * @returns one difference an image, in [-1, 1]
 * @throws RangeError when the two were not measured on the same images.
 */
export function pairedDifferences(candidate: readonly ImageScore[], incumbent: readonly ImageScore[]): number[] {
  if (candidate.length !== incumbent.length || candidate.some(({ id }, i) => id !== incumbent[i].id))
    throw new RangeError("a paired comparison needs the same images on both sides");
  return candidate.map(({ dice }, i) => dice - incumbent[i].dice);
}

/**
 * Whether the candidate has the higher mean Dice on the same images; any gain counts, an equal one does not.
 * @throws RangeError when the two were not measured on the same images.
 */
export function isBetter(candidate: readonly ImageScore[], incumbent: readonly ImageScore[]): boolean {
  return mean(pairedDifferences(candidate, incumbent)) > 0;
}
