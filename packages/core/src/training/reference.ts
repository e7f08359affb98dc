import { setImmediate } from "node:timers/promises";
import { evaluationPrompts } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import { beliefOf } from "../decoder/belief-head.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { initialTexture } from "../decoder/texture-layout.js";
import { GUIDE_GRID, type Guide } from "../guide/guide.js";
import { scalePoint } from "../image/place.js";
import { resizeImage, resizeMap } from "../image/resize.js";
import { mean } from "../math/vector.js";
import { overlap, threshold } from "../metrics/overlap.js";
import { hd95 } from "../metrics/surface.js";
import type { CaseCache } from "./cases.js";
import type { ImageScore } from "./evaluate.js";
import { fitHead } from "./head-fit.js";
import type { HeadSamples } from "./head-samples.js";

const square = { width: DECODER_SIZE, height: DECODER_SIZE };

export interface ReferenceInit {
  readonly guide: Guide;
  /** Of this site's training images. */
  readonly samples: HeadSamples;
  readonly cases: CaseCache;
  /** Clicks per image. */
  readonly clicks: number;
  readonly seed: number;
  readonly site: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The honest reference: the belief head, trained on the labels of one site alone, as a segmenter of its own. Measured as
 * `evaluate` measures: the same clicks, thresholded at 0.5 at the size of the image as read.
 */
export async function measureReference(init: ReferenceInit, test: readonly Sample[]): Promise<ImageScore[]> {
  const { guide, samples, cases, clicks, seed, site, signal } = init;
  const theta = await fitHead(initialTexture(seed), { samples, seed, name: ["reference", site], signal });
  const scores: ImageScore[] = [];
  for (const sample of test) {
    signal?.throwIfAborted();
    const { image, fullMask } = await cases.get(sample);
    const picture = resizeImage(image, square.width, square.height);
    const prompts = evaluationPrompts(fullMask, { clicks, seed, sampleId: sample.id });
    const points = prompts.map(({ points: [point] }) => scalePoint(point, fullMask, square));
    const views = await guide.look(points.map((point) => ({ image: picture, point })));
    const masks = views.map((view) => {
      const belief = { data: beliefOf(theta, view), width: GUIDE_GRID, height: GUIDE_GRID };
      return threshold(resizeMap(belief, fullMask.width, fullMask.height), 0.5);
    });
    const overlaps = masks.map((mask) => overlap(mask, fullMask));
    scores.push({
      id: sample.id,
      dice: mean(overlaps.map(({ dice }) => dice)),
      iou: mean(overlaps.map(({ iou }) => iou)),
      hd95: mean(masks.map((mask) => hd95(mask, fullMask))),
    });
    await setImmediate();
  }
  return scores;
}
