import { sigmoid } from "../decoder/belief-head.js";
import { tf } from "../decoder/tensor-backend.js";
import { HIDDEN, textureLayout } from "../decoder/texture-layout.js";
import { GUIDE_FEATURES } from "../guide/guide.js";
import { type HeadSamples, PLACES } from "./head-samples.js";

/** Views at a time. */
export const BATCH = 8;
/** So that the overlap of an empty and an uncertain view is defined. */
const SMOOTHING = 1;
/** So that the entropy of a belief that is certain and wrong is finite. */
const SUREST = 1e-6;

const TENSORS = ["head.weight", "head.bias", "head.out", "head.out_bias"] as const;
const [WEIGHT] = TENSORS.map((name) => textureLayout.entry(name));
/** The head's tensors are the first of the layout, one after the other. */
export const HEAD_LENGTH = TENSORS.reduce((sum, name) => sum + textureLayout.entry(name).size, 0);
const BIAS = WEIGHT.size;
const OUT = BIAS + HIDDEN;
const OUT_BIAS = OUT + HIDDEN;

/** The sums that a view's soft Dice is made of. */
interface Overlap {
  readonly overlap: number;
  readonly total: number;
}

/**
 * What the belief head makes of a few views of its samples, and the slopes of its loss there: mean cross-entropy over a
 * view's places, plus 1 less the soft Dice. The two products with the features, nearly all of the work, are TensorFlow.js's,
 * whose backend must have started; the rest is plain arithmetic. The same bits for the same samples and backend. (`tidy` is
 * given nothing back to hand on: it would walk through every value of an array.)
 */
export class HeadBatch {
  readonly #samples: HeadSamples;
  readonly #features = new Float32Array(BATCH * PLACES * GUIDE_FEATURES);
  /** Of the hidden units, with the bias, before they are rectified: places x HIDDEN. */
  readonly #units = new Float32Array(BATCH * PLACES * HIDDEN);
  readonly #belief = new Float64Array(BATCH * PLACES);
  /** HIDDEN x places. */
  readonly #pull = new Float32Array(HIDDEN * BATCH * PLACES);
  readonly #gradient = new Float64Array(HEAD_LENGTH);

  constructor(samples: HeadSamples) {
    this.#samples = samples;
  }

  /**
   * @param head HEAD_LENGTH values. @param views 1 to BATCH numbers of views.
   * @returns the gradient of the mean loss, HEAD_LENGTH values; overwritten by the next call.
   */
  gradient(head: Float32Array, views: readonly number[]): Float64Array {
    this.#gradient.fill(0);
    tf.tidy(() => {
      const features = this.#load(views);
      const overlaps = this.#believe(head, views, features);
      for (const [v, view] of views.entries()) this.#addSlopes(head, v, { view, of: views.length, ...overlaps[v] });
      const pull = this.#pull.subarray(0, HIDDEN * views.length * PLACES);
      const weights = tf.matMul(tf.tensor2d(pull, [HIDDEN, views.length * PLACES]), features).dataSync();
      for (let h = 0; h < HIDDEN; h++)
        for (let f = 0; f < GUIDE_FEATURES; f++) this.#gradient[f * HIDDEN + h] = weights[h * GUIDE_FEATURES + f];
    });
    return this.#gradient;
  }

  /** @param head HEAD_LENGTH values. @param views 1 to BATCH numbers of views. @returns the sum of their losses. */
  loss(head: Float32Array, views: readonly number[]): number {
    const { truth } = this.#samples;
    let overlaps: readonly Overlap[] = [];
    tf.tidy(() => {
      overlaps = this.#believe(head, views, this.#load(views));
    });
    let loss = 0;
    for (const [v, view] of views.entries()) {
      for (let p = 0; p < PLACES; p++) {
        const t = truth[view * PLACES + p];
        const b = Math.min(1 - SUREST, Math.max(SUREST, this.#belief[v * PLACES + p]));
        loss -= (t * Math.log(b) + (1 - t) * Math.log(1 - b)) / PLACES;
      }
      const { overlap, total } = overlaps[v];
      loss += 1 - (2 * overlap + SMOOTHING) / (total + SMOOTHING);
    }
    return loss;
  }

  #load(views: readonly number[]): tf.Tensor2D {
    const one = PLACES * GUIDE_FEATURES;
    for (const [v, view] of views.entries())
      this.#features.set(this.#samples.features.subarray(view * one, (view + 1) * one), v * one);
    return tf.tensor2d(this.#features.subarray(0, views.length * one), [views.length * PLACES, GUIDE_FEATURES]);
  }

  /** Leaves units and beliefs. */
  #believe(head: Float32Array, views: readonly number[], features: tf.Tensor2D): Overlap[] {
    const { logits, truth } = this.#samples;
    const units = this.#units;
    const beliefs = this.#belief;
    const weight = tf.tensor2d(head.slice(0, BIAS), [GUIDE_FEATURES, HIDDEN]);
    units.set(tf.add(tf.matMul(features, weight), tf.tensor1d(head.slice(BIAS, OUT))).dataSync());
    return views.map((view, v) => {
      let overlap = 0;
      let total = 0;
      for (let p = 0; p < PLACES; p++) {
        const at = v * PLACES + p;
        const from = view * PLACES + p;
        let logit = logits[from] + head[OUT_BIAS];
        for (let h = 0; h < HIDDEN; h++) logit += Math.max(0, units[at * HIDDEN + h]) * head[OUT + h];
        const belief = sigmoid(logit);
        beliefs[at] = belief;
        overlap += belief * truth[from];
        total += belief + truth[from];
      }
      return { overlap, total };
    });
  }

  /** Adds a view's share of the gradient of all but the weights, and leaves how it pulls at the units. */
  #addSlopes(
    head: Float32Array,
    v: number,
    { view, of, overlap, total }: Overlap & { readonly view: number; readonly of: number },
  ): void {
    const { truth } = this.#samples;
    const units = this.#units;
    const beliefs = this.#belief;
    const pull = this.#pull;
    const gradient = this.#gradient;
    for (let p = 0; p < PLACES; p++) {
      const at = v * PLACES + p;
      const t = truth[view * PLACES + p];
      const b = beliefs[at];
      // Cross-entropy: b - t; soft Dice 1 - (2 overlap + s) / (total + s), through the sigmoid.
      const dice = ((2 * overlap + SMOOTHING) / (total + SMOOTHING) - 2 * t) / (total + SMOOTHING);
      const slope = ((b - t) / PLACES + dice * b * (1 - b)) / of;
      gradient[OUT_BIAS] += slope;
      for (let h = 0; h < HIDDEN; h++) {
        const unit = units[at * HIDDEN + h];
        const pulled = unit > 0 ? slope * head[OUT + h] : 0;
        if (unit > 0) gradient[OUT + h] += slope * unit;
        gradient[BIAS + h] += pulled;
        pull[h * of * PLACES + at] = pulled;
      }
    }
  }
}
