import { initialTexture } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES } from "@fedbaps/core/guide/guide.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { HEAD_LENGTH, HeadBatch } from "@fedbaps/core/training/head-batch.js";
import { fitHead } from "@fedbaps/core/training/head-fit.js";
import { type HeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { trainHead } from "@fedbaps/core/training/head-training.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const VIEWS_OF_ONE = 2;
const START = initialTexture(1);

/** @param rule whether a place is of the object, by the features there and by the image's number */
function samplesOf(images: number, rule: (features: Float32Array, image: number) => boolean): HeadSamples {
  const views = images * VIEWS_OF_ONE;
  const stream = new RandomStream(images, "head-fit-test");
  const features = Float32Array.from({ length: views * PLACES * GUIDE_FEATURES }, () => 2 * stream.uniform() - 1);
  const truth = Float32Array.from({ length: views * PLACES }, (_, i) => {
    const place = features.subarray(i * GUIDE_FEATURES, (i + 1) * GUIDE_FEATURES);
    return rule(place, Math.floor(i / PLACES / VIEWS_OF_ONE)) ? 1 : 0;
  });
  return { views, viewsOfOne: VIEWS_OF_ONE, logits: new Float32Array(views * PLACES), features, truth };
}

const same = samplesOf(9, ([value]) => value > 0);
const fitted = (samples: HeadSamples, seed = 1) => fitHead(START, { samples, steps: 60, seed, name: ["a-site"] });
const headOf = (theta: Float32Array) => theta.subarray(0, HEAD_LENGTH);

describe("the head of a site", () => {
  it("learns what is true of all its images", async () => {
    const head = headOf(await fitted(same));
    const unseen = samplesOf(4, ([value]) => value > 0);
    const batch = new HeadBatch(unseen);
    const lossOf = (head: Float32Array) => batch.loss(head, [0, 1, 2, 3, 4, 5, 6, 7]);
    expect(lossOf(head)).toBeLessThan(0.97 * lossOf(headOf(START)));
  });

  it("moves less where what one image teaches is false of the other", async () => {
    const contradiction = samplesOf(2, ([value], image) => value > 0 === (image === 0));
    const trained = await trainHead(START, { samples: contradiction, steps: 60, stream: new RandomStream(1, "head") });
    const way = (theta: Float32Array) => Math.hypot(...headOf(theta).map((value, i) => value - START[i]));
    expect(way(await fitted(contradiction))).toBeLessThan(0.6 * way(trained));
    expect(way(await fitted(same))).toBeGreaterThan(0.7 * way(trained));
  });

  it("of one image stays what it was: nothing says that training on it helps", async () => {
    expect(sameBits(await fitted(samplesOf(1, ([value]) => value > 0)), START)).toBe(true);
  });

  it("is the same again with the same seed, and another with another; the rest of the decoder is left alone", async () => {
    const once = await fitted(same);
    expect(sameBits(await fitted(same), once)).toBe(true);
    expect(sameBits(await fitted(same, 2), once)).toBe(false);
    expect(sameBits(once.subarray(HEAD_LENGTH), START.subarray(HEAD_LENGTH))).toBe(true);
  });
});
