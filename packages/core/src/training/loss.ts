import type { Mask, ProbabilityMap } from "../image/image.js";

const SMOOTHING = 1;
const LEAST_PROBABILITY = 1e-6;

/**
 * Soft Dice loss plus binary cross-entropy of one probability map, both on probabilities (the paper's code feeds
 * probabilities to a loss for logits).
 * @returns a number >= 0; 0 for a perfect, certain answer.
 */
export function segmentationLoss(map: ProbabilityMap, mask: Mask): number {
  const { data } = map;
  const truth = mask.data;
  let overlap = 0;
  let probability = 0;
  let inside = 0;
  // The logarithm of a product of a few factors is the sum of their logarithms: one call for sixteen pixels.
  let logs = 0;
  let product = 1;
  for (let i = 0; i < data.length; i++) {
    const p = data[i];
    const m = truth[i];
    probability += p;
    let right = 1 - p;
    if (m) {
      inside++;
      overlap += p;
      right = p;
    }
    product *= right > LEAST_PROBABILITY ? right : LEAST_PROBABILITY;
    if ((i & 15) === 15) {
      logs += Math.log(product);
      product = 1;
    }
  }
  logs += Math.log(product);
  const dice = (2 * overlap + SMOOTHING) / (probability + inside + SMOOTHING);
  return 1 - dice - logs / data.length;
}
