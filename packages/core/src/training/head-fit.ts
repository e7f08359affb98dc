import { RandomStream } from "../math/rng.js";
import { BATCH, HEAD_LENGTH, HeadBatch } from "./head-batch.js";
import type { HeadSamples } from "./head-samples.js";
import { type HeadTraining, trainHead } from "./head-training.js";

/** Steps of back-propagation that a site's own head is given. */
const STEPS = 600;
/** How much of the trained head is taken, the rest being the head that was there before. */
const SHARES = [0, 0.25, 0.5, 0.75, 1];
const FOLDS = 3;
/** Of the steps asked for; heads that only help to choose are trained less. */
const FOLD_STEPS = 1 / 2;

export interface HeadFit extends Pick<HeadTraining, "samples" | "signal"> {
  /** STEPS unless told otherwise. */
  readonly steps?: number;
  readonly seed: number;
  /** Names the streams. */
  readonly name: readonly (string | number)[];
}

/**
 * Trains the head and takes as much of it as serves pictures it has not seen: a site with few images, or one whose cohort's
 * head is good already, keeps more of what was there. The share is chosen by cross-validation over the site's own training
 * images; the black box is not asked, and neither the validation nor the test split is looked at. Averaging the weights
 * before and after training is that of Wortsman et al. 2022 ("Robust fine-tuning of zero-shot models", section 3).
 * @returns a copy of `theta` with another head.
 */
export async function fitHead(theta: Float32Array, init: HeadFit): Promise<Float32Array> {
  const { samples, steps = STEPS, seed, name, signal } = init;
  const stream = (part: string | number) => new RandomStream(seed, ...name, part);
  const losses = SHARES.map(() => 0);
  const batch = new HeadBatch(samples);
  for (const [fold, { seen, held }] of foldsOf(samples, stream("folds")).entries()) {
    const short = Math.ceil(steps * FOLD_STEPS);
    const other = await trainHead(theta, { samples, views: seen, steps: short, stream: stream(fold), signal });
    for (const [i, share] of SHARES.entries()) {
      const head = mixed(theta, other, share).subarray(0, HEAD_LENGTH);
      for (let v = 0; v < held.length; v += BATCH) losses[i] += batch.loss(head, held.slice(v, v + BATCH));
    }
  }
  const share = SHARES[losses.indexOf(Math.min(...losses))];
  if (share === 0) return theta.slice();
  return mixed(theta, await trainHead(theta, { samples, steps, stream: stream("all"), signal }), share);
}

/** No image is both seen and held out. One image makes no folds: nothing says then that training on it helps. */
function foldsOf({ views, viewsOfOne }: HeadSamples, stream: RandomStream): { seen: number[]; held: number[] }[] {
  const images = stream.shuffle(Array.from({ length: views / viewsOfOne }, (_, image) => image));
  if (images.length < 2) return [];
  const viewsOf = (chosen: readonly number[]) =>
    chosen.flatMap((image) => Array.from({ length: viewsOfOne }, (_, view) => image * viewsOfOne + view));
  return Array.from({ length: Math.min(FOLDS, images.length) }, (_, fold) => ({
    seen: viewsOf(images.filter((_, i) => i % FOLDS !== fold)),
    held: viewsOf(images.filter((_, i) => i % FOLDS === fold)),
  }));
}

function mixed(before: Float32Array, after: Float32Array, share: number): Float32Array {
  return after.map((value, i) => (1 - share) * before[i] + share * value);
}
