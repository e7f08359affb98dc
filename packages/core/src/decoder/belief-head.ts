import { GUIDE_FEATURES, GUIDE_GRID, type GuideView } from "../guide/guide.js";
import { HIDDEN, textureLayout } from "./texture-layout.js";

/**
 * The belief of the head at every place of the guide's grid: the guide's logit, corrected by a layer of HIDDEN rectified
 * units over its features.
 * @returns GUIDE_GRID x GUIDE_GRID probabilities.
 */
export function beliefOf(theta: Float32Array, { logits, features }: GuideView): Float32Array {
  const weight = textureLayout.view(theta, "head.weight");
  const bias = textureLayout.view(theta, "head.bias");
  const out = textureLayout.view(theta, "head.out");
  const [outBias] = textureLayout.view(theta, "head.out_bias");
  const belief = new Float32Array(GUIDE_GRID * GUIDE_GRID);
  const hidden = new Float64Array(HIDDEN);
  for (let place = 0; place < belief.length; place++) {
    hidden.set(bias);
    for (let f = 0, from = place * GUIDE_FEATURES; f < GUIDE_FEATURES; f++) {
      const value = features[from + f];
      const row = f * HIDDEN;
      for (let h = 0; h < HIDDEN; h++) hidden[h] += value * weight[row + h];
    }
    let logit = logits[place] + outBias;
    for (let h = 0; h < HIDDEN; h++) if (hidden[h] > 0) logit += hidden[h] * out[h];
    belief[place] = sigmoid(logit);
  }
  return belief;
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
