import { setImmediate } from "node:timers/promises";
import { activate, sigmoid } from "../decoder/belief-head.js";
import { HIDDEN, textureLayout } from "../decoder/texture-layout.js";
import { GUIDE_FEATURES } from "../guide/guide.js";
import type { RandomStream } from "../math/rng.js";
import { type HeadSamples, PLACES } from "./head-samples.js";

/** Views of one step. */
export const BATCH = 8;
const RATE = 3e-3;
const DECAY = 1e-2;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** So that the overlap of an empty and an uncertain view is defined. */
const SMOOTHING = 1;
/** So that the entropy of a belief that is certain and wrong is finite. */
const SUREST = 1e-6;
/** Steps between which the event loop may run: signs of life, a wish to stop. */
const BREATH = 10;

const TENSORS = ["head.weight", "head.bias", "head.out", "head.out_bias"] as const;
const [WEIGHT] = TENSORS.map((name) => textureLayout.entry(name));
/** The head's tensors are the first of the layout, one after the other. */
export const HEAD_LENGTH = TENSORS.reduce((sum, name) => sum + textureLayout.entry(name).size, 0);
const BIAS = WEIGHT.size;
const OUT = BIAS + HIDDEN;
const OUT_BIAS = OUT + HIDDEN;

export interface HeadTraining {
  readonly samples: HeadSamples;
  /** The views to learn from, by number; all unless told otherwise. */
  readonly views?: readonly number[] | undefined;
  readonly steps: number;
  readonly stream: RandomStream;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains the belief head of `theta` by back-propagation: cross-entropy and soft Dice over the places of a view, AdamW
 * (Loshchilov and Hutter 2019), the step decaying along half a cosine. Plain arithmetic in a fixed order: the same bits
 * for the same samples.
 * @returns a copy of `theta` with another head.
 */
export async function trainHead(theta: Float32Array, init: HeadTraining): Promise<Float32Array> {
  const { samples, steps, stream, signal } = init;
  const views = init.views ?? Array.from({ length: samples.views }, (_, view) => view);
  const out = theta.slice();
  const head = out.subarray(0, HEAD_LENGTH);
  const first = new Float64Array(HEAD_LENGTH);
  const second = new Float64Array(HEAD_LENGTH);
  const gradient = new Float64Array(HEAD_LENGTH);
  for (let step = 1; step <= steps; step++) {
    gradient.fill(0);
    for (let b = 0; b < BATCH; b++) addGradient(head, samples, views[stream.below(views.length)], gradient);
    const rate = (RATE * (1 + Math.cos((Math.PI * step) / steps))) / 2;
    for (let i = 0; i < HEAD_LENGTH; i++) {
      first[i] = BETA1 * first[i] + (1 - BETA1) * gradient[i];
      second[i] = BETA2 * second[i] + (1 - BETA2) * gradient[i] * gradient[i];
      const scaled = first[i] / (1 - BETA1 ** step) / (Math.sqrt(second[i] / (1 - BETA2 ** step)) + EPSILON);
      head[i] -= rate * (scaled + DECAY * head[i]);
    }
    if (step % BREATH === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
  return out;
}

/** Room for one view: used again and again, never across a wait. */
const wide = new Float64Array(PLACES * GUIDE_FEATURES);
const unitGradient = new Float64Array(GUIDE_FEATURES);
const activation = new Float64Array(PLACES * HIDDEN);
const pull = new Float64Array(HIDDEN * PLACES);
const belief = new Float64Array(PLACES);

/**
 * Adds the gradient of one view's loss over BATCH to `gradient`, HEAD_LENGTH values. Nearly all of the head's training is
 * spent here, so the loops run unit by unit, with sums that stay in registers; each sum has the order of the plain loops.
 */
export function addGradient(head: Float32Array, samples: HeadSamples, view: number, gradient: Float64Array): void {
  const { overlap, total } = believe(head, samples, view);
  const { truth } = samples;
  const start = view * PLACES;
  for (let p = 0; p < PLACES; p++) {
    const t = truth[start + p];
    const b = belief[p];
    // Cross-entropy: b - t; soft Dice 1 - (2 overlap + s) / (total + s), through the sigmoid.
    const dice = ((2 * overlap + SMOOTHING) / (total + SMOOTHING) - 2 * t) / (total + SMOOTHING);
    const slope = ((b - t) / PLACES + dice * b * (1 - b)) / BATCH;
    gradient[OUT_BIAS] += slope;
    for (let h = 0; h < HIDDEN; h++) {
      const value = activation[p * HIDDEN + h];
      const pulled = value > 0 ? slope * head[OUT + h] : 0;
      gradient[OUT + h] += slope * value;
      gradient[BIAS + h] += pulled;
      pull[h * PLACES + p] = pulled;
    }
  }
  addWeightGradient(gradient);
}

/** The loss of one view: mean cross-entropy over its places, plus 1 less the soft Dice. @param head HEAD_LENGTH values. */
export function headLoss(head: Float32Array, samples: HeadSamples, view: number): number {
  const { overlap, total } = believe(head, samples, view);
  let entropy = 0;
  for (let p = 0; p < PLACES; p++) {
    const t = samples.truth[view * PLACES + p];
    const b = Math.min(1 - SUREST, Math.max(SUREST, belief[p]));
    entropy -= (t * Math.log(b) + (1 - t) * Math.log(1 - b)) / PLACES;
  }
  return entropy + 1 - (2 * overlap + SMOOTHING) / (total + SMOOTHING);
}

/** Leaves the units of one view's places in `activation`, and the beliefs in `belief`. */
function believe(head: Float32Array, { logits, features, truth }: HeadSamples, view: number) {
  const start = view * PLACES;
  wide.set(features.subarray(start * GUIDE_FEATURES, (start + PLACES) * GUIDE_FEATURES));
  activate({ weight: head.subarray(0, BIAS), bias: head.subarray(BIAS, OUT) }, wide, activation);
  let overlap = 0;
  let total = 0;
  for (let p = 0; p < PLACES; p++) {
    let logit = logits[start + p] + head[OUT_BIAS];
    for (let h = 0; h < HIDDEN; h++) logit += activation[p * HIDDEN + h] * head[OUT + h];
    belief[p] = sigmoid(logit);
    overlap += belief[p] * truth[start + p];
    total += belief[p] + truth[start + p];
  }
  return { overlap, total };
}

function addWeightGradient(gradient: Float64Array): void {
  for (let h = 0; h < HIDDEN; h++) {
    for (let f = 0; f < GUIDE_FEATURES; f++) unitGradient[f] = gradient[f * HIDDEN + h];
    for (let p = 0; p < PLACES; p++) {
      const pulled = pull[h * PLACES + p];
      if (pulled === 0) continue;
      const from = p * GUIDE_FEATURES;
      for (let f = 0; f < GUIDE_FEATURES; f++) unitGradient[f] += wide[from + f] * pulled;
    }
    for (let f = 0; f < GUIDE_FEATURES; f++) gradient[f * HIDDEN + h] = unitGradient[f];
  }
}
