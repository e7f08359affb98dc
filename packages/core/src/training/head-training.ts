import { setImmediate } from "node:timers/promises";
import { startTensorBackend } from "../decoder/tensor-backend.js";
import type { RandomStream } from "../math/rng.js";
import { BATCH, HEAD_LENGTH, HeadBatch } from "./head-batch.js";
import type { HeadSamples } from "./head-samples.js";

const RATE = 3e-3;
const DECAY = 1e-2;
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Steps between which the event loop may run: signs of life, a wish to stop. */
const BREATH = 10;

export interface HeadTraining {
  readonly samples: HeadSamples;
  /** The views to learn from, by number; all unless told otherwise. */
  readonly views?: readonly number[] | undefined;
  readonly steps: number;
  readonly stream: RandomStream;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains the belief head of `theta` by back-propagation on the loss of `HeadBatch`: AdamW (Loshchilov and Hutter 2019), the
 * step decaying along half a cosine. The same bits for the same samples and tensor backend.
 * @returns a copy of `theta` with another head.
 */
export async function trainHead(theta: Float32Array, init: HeadTraining): Promise<Float32Array> {
  const { samples, steps, stream, signal } = init;
  await startTensorBackend();
  const views = init.views ?? Array.from({ length: samples.views }, (_, view) => view);
  const batch = new HeadBatch(samples);
  const out = theta.slice();
  const head = out.subarray(0, HEAD_LENGTH);
  const first = new Float64Array(HEAD_LENGTH);
  const second = new Float64Array(HEAD_LENGTH);
  for (let step = 1; step <= steps; step++) {
    const drawn = Array.from({ length: BATCH }, () => views[stream.below(views.length)]);
    const gradient = batch.gradient(head, drawn);
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
