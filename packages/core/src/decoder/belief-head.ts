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
  wide.set(features);
  activate({ weight, bias }, wide, activation);
  for (let place = 0; place < belief.length; place++) {
    let logit = logits[place] + outBias;
    for (let h = 0; h < HIDDEN; h++) logit += activation[place * HIDDEN + h] * out[h];
    belief[place] = sigmoid(logit);
  }
  return belief;
}

/** Room for one view: used again and again, never across a wait. */
const wide = new Float64Array(GUIDE_GRID * GUIDE_GRID * GUIDE_FEATURES);
const activation = new Float64Array(GUIDE_GRID * GUIDE_GRID * HIDDEN);
const unitWeights = new Float64Array(HIDDEN * GUIDE_FEATURES);

/**
 * The rectified units over the features of every place, into `activation` (places x HIDDEN). A belief is mostly this, so it
 * takes four places at a time, with sums that stay in registers.
 * @param weight GUIDE_FEATURES x HIDDEN. @param features places x GUIDE_FEATURES; the places are a multiple of four.
 */
function activate(
  { weight, bias }: { readonly weight: Float32Array; readonly bias: Float32Array },
  features: Float64Array,
  activation: Float64Array,
): void {
  for (let h = 0; h < HIDDEN; h++)
    for (let f = 0; f < GUIDE_FEATURES; f++) unitWeights[h * GUIDE_FEATURES + f] = weight[f * HIDDEN + h];
  for (let p = 0; p < activation.length / HIDDEN; p += 4) {
    const first = p * GUIDE_FEATURES;
    const second = first + GUIDE_FEATURES;
    const third = second + GUIDE_FEATURES;
    const fourth = third + GUIDE_FEATURES;
    for (let h = 0; h < HIDDEN; h++) {
      const row = h * GUIDE_FEATURES;
      let a = bias[h];
      let b = a;
      let c = a;
      let d = a;
      for (let f = 0; f < GUIDE_FEATURES; f++) {
        const w = unitWeights[row + f];
        a += features[first + f] * w;
        b += features[second + f] * w;
        c += features[third + f] * w;
        d += features[fourth + f] * w;
      }
      const to = p * HIDDEN + h;
      activation[to] = Math.max(a, 0);
      activation[to + HIDDEN] = Math.max(b, 0);
      activation[to + 2 * HIDDEN] = Math.max(c, 0);
      activation[to + 3 * HIDDEN] = Math.max(d, 0);
    }
  }
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
