import { beliefOf } from "@fedbaps/core/decoder/belief-head.js";
import { startTensorBackend, tf } from "@fedbaps/core/decoder/tensor-backend.js";
import { HIDDEN, initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, GUIDE_GRID } from "@fedbaps/core/guide/guide.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { HEAD_LENGTH, HeadBatch } from "@fedbaps/core/training/head-batch.js";
import { type HeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { trainHead } from "@fedbaps/core/training/head-training.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

/** Views whose truth is told by two features, and not by the guide. */
function samplesOf(views: number, seed = 1): HeadSamples {
  const stream = new RandomStream(seed, "head-training-test");
  const features = Float32Array.from({ length: views * PLACES * GUIDE_FEATURES }, () => 2 * stream.uniform() - 1);
  const logits = Float32Array.from({ length: views * PLACES }, () => 2 * stream.uniform() - 1);
  const truth = logits.map((_, i) => {
    const difference = features[i * GUIDE_FEATURES + 3] - features[i * GUIDE_FEATURES + 70];
    return Math.min(1, Math.max(0, 0.5 + 4 * difference));
  });
  return { views, viewsOfOne: 1, logits, features, truth };
}

/** Cross-entropy and soft Dice of one view, written out in float64. */
function lossOf(head: Float64Array, { logits, features, truth }: HeadSamples, view: number): number {
  const [bias, out] = [GUIDE_FEATURES * HIDDEN, GUIDE_FEATURES * HIDDEN + HIDDEN];
  let [entropy, overlap, total] = [0, 0, 0];
  for (let i = view * PLACES; i < (view + 1) * PLACES; i++) {
    let logit = logits[i] + head[out + HIDDEN];
    for (let h = 0; h < HIDDEN; h++) {
      let unit = head[bias + h];
      for (let f = 0; f < GUIDE_FEATURES; f++) unit += features[i * GUIDE_FEATURES + f] * head[f * HIDDEN + h];
      logit += Math.max(0, unit) * head[out + h];
    }
    const b = 1 / (1 + Math.exp(-logit));
    entropy -= (truth[i] * Math.log(b) + (1 - truth[i]) * Math.log(1 - b)) / PLACES;
    overlap += b * truth[i];
    total += b + truth[i];
  }
  return entropy + 1 - (2 * overlap + 1) / (total + 1);
}

const train = (samples: HeadSamples, steps: number, theta = initialTexture(1), seed = 1) =>
  trainHead(theta, { samples, steps, stream: new RandomStream(seed, "head") });
const lossIn = (theta: Float32Array, samples: HeadSamples) =>
  Array.from({ length: samples.views }, (_, view) =>
    lossOf(Float64Array.from(theta.subarray(0, HEAD_LENGTH)), samples, view),
  ).reduce((sum, loss) => sum + loss / samples.views, 0);

describe("the head's loss", () => {
  const head = Float32Array.from({ length: HEAD_LENGTH }, (_, i) => 0.4 * Math.sin(1 + 7 * i));
  const lossesOf = (at: Float64Array, samples: HeadSamples, views: readonly number[]) =>
    views.map((view) => lossOf(at, samples, view)).reduce((sum, loss) => sum + loss, 0);

  it("is what the formulas say, and its gradient what small changes of each tensor say of it", async () => {
    await startTensorBackend("wasm");
    const samples = samplesOf(3);
    const batch = new HeadBatch(samples);
    // Fewer views after more: nothing is left of those before.
    for (const views of [[0, 2, 1], [1], [2, 2]]) {
      expect(batch.loss(head, views)).toBeCloseTo(lossesOf(Float64Array.from(head), samples, views), 4);
      const gradient = batch.gradient(head, views);
      const step = 1e-5;
      const spots = ["head.weight", "head.bias", "head.out", "head.out_bias"].flatMap((name) => {
        const { offset, size } = textureLayout.entry(name);
        const count = Math.min(size, 12);
        return Array.from({ length: count }, (_, i) => offset + Math.floor((i * size) / count));
      });
      for (const at of spots) {
        const moved = (by: number) => Float64Array.from(head, (value, i) => (i === at ? value + by : value));
        const slope = lossesOf(moved(step), samples, views) - lossesOf(moved(-step), samples, views);
        expect(gradient[at]).toBeCloseTo(slope / (2 * step) / views.length, 5);
      }
      expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.01);
    }
  });

  it("leaves no tensors behind", async () => {
    await startTensorBackend("wasm");
    const batch = new HeadBatch(samplesOf(1));
    const before = tf.memory().numTensors;
    batch.gradient(head, [0]);
    batch.loss(head, [0]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("the head's training", () => {
  it("learns what the guide does not know, and says so in its beliefs", async () => {
    const samples = samplesOf(8);
    const before = initialTexture(1);
    const after = await train(samples, 80);
    expect(lossIn(after, samples)).toBeLessThan(0.95 * lossIn(before, samples));
    // The same features seen through the decoder's head.
    const places = GUIDE_GRID * GUIDE_GRID;
    const features = new Float32Array(places * GUIDE_FEATURES);
    features[3] = 1;
    features[70] = -1;
    features[GUIDE_FEATURES + 3] = -1;
    features[GUIDE_FEATURES + 70] = 1;
    const belief = beliefOf(after, { logits: new Float32Array(places), features });
    expect(belief[0]).toBeGreaterThan(belief[1] + 0.1);
  });

  it("changes nothing but the head, and not the parameters that it was given", async () => {
    const theta = initialTexture(1).fill(0.25, HEAD_LENGTH);
    const copy = theta.slice();
    const after = await train(samplesOf(1), 5, theta);
    expect(sameBits(theta, copy)).toBe(true);
    expect(sameBits(after.subarray(HEAD_LENGTH), copy.subarray(HEAD_LENGTH))).toBe(true);
    expect(sameBits(after.subarray(0, HEAD_LENGTH), copy.subarray(0, HEAD_LENGTH))).toBe(false);
  });

  it("gives the same bits again, also beside another one, and others by another stream", async () => {
    const samples = samplesOf(3);
    // Both give way to each other at the same steps.
    const [first, other, second] = await Promise.all([
      train(samples, 12),
      train(samplesOf(3, 2), 12),
      train(samples, 12),
    ]);
    expect(sameBits(first, second)).toBe(true);
    expect(sameBits(first, other)).toBe(false);
    expect(sameBits(await train(samples, 12, undefined, 2), first)).toBe(false);
  });

  it("stops when it is told to", async () => {
    const init = { samples: samplesOf(1), steps: 1000, stream: new RandomStream(1, "head") };
    const controller = new AbortController();
    const training = trainHead(initialTexture(1), { ...init, signal: controller.signal });
    controller.abort();
    await expect(training).rejects.toMatchObject({ name: "AbortError" });
  });
});
