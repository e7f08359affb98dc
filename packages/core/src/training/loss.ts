import type { Mask, ProbabilityMap } from "../image/image.js";

const SMOOTHING = 1;

/**
 * Soft Dice loss of one probability map (Milletari et al., V-Net, 2016, with the sum of first powers below): the
 * objective of BAPS's published configuration for this decoder (`docs/decisions/0004-objective.md`).
 * @returns a number in [0, 1]; 0 for a perfect, certain answer.
 */
export function segmentationLoss(map: ProbabilityMap, mask: Mask): number {
  const { data } = map;
  const truth = mask.data;
  let overlap = 0;
  let probability = 0;
  let inside = 0;
  for (let i = 0; i < data.length; i++) {
    const p = data[i];
    probability += p;
    if (truth[i]) {
      inside++;
      overlap += p;
    }
  }
  return 1 - (2 * overlap + SMOOTHING) / (probability + inside + SMOOTHING);
}

/**
 * Soft Dice loss of the map with its odds raised to the fourth power: nearly that of the map cut at 0.5, as which it will be
 * used, and still not blind to what changes on either side: a probability of .6 counts as .83. Plain soft Dice rewards
 * certainty: with it, textures were found whose Dice at the cut was lower (`docs/adaptation.md`).
 * @returns a number in [0, 1].
 */
export function decisiveLoss(map: ProbabilityMap, mask: Mask): number {
  const data = new Float32Array(map.data.length);
  // Products, and no powers: this is every pixel of every answer.
  for (let i = 0; i < data.length; i++) {
    const p = map.data[i];
    const yes = p * p * (p * p);
    const no = (1 - p) * (1 - p);
    data[i] = yes / (yes + no * no);
  }
  return segmentationLoss({ ...map, data }, mask);
}
