import { mean, standardError } from "../math/vector.js";
import type { ImageScore } from "./evaluate.js";

/**
 * The paired comparison on the fixed validation list: is the candidate better than the incumbent by more than chance?
 * @param margin standard errors of the paired difference that the mean must exceed; 0: any gain counts.
 * @throws RangeError when the two were not measured on the same images.
 */
export function isBetter(candidate: readonly ImageScore[], incumbent: readonly ImageScore[], margin: number): boolean {
  if (candidate.length !== incumbent.length || candidate.some(({ id }, i) => id !== incumbent[i].id))
    throw new RangeError("a paired comparison needs the same images on both sides");
  const differences = candidate.map(({ dice }, i) => dice - incumbent[i].dice);
  return mean(differences) > margin * standardError(differences);
}
