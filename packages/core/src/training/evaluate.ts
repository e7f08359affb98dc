import type { PromptPoint, SegmentationModel } from "../blackbox/model.js";
import { evaluationClicks } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import type { Mask } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeMap } from "../image/resize.js";
import { mean } from "../math/vector.js";
import { overlap, threshold } from "../metrics/overlap.js";
import { hd95 } from "../metrics/surface.js";
import type { CaseCache } from "./cases.js";
import { type PromptedQuery, segmentPrompted } from "./prompted-model.js";

export interface ImageScore {
  readonly id: number;
  /** Means over the image's clicks. */
  readonly dice: number;
  readonly iou: number;
  /** Pixels of the image as read; absent unless asked for. */
  readonly hd95?: number;
}

/** The black box's answer to one click. */
export interface Answer {
  readonly id: number;
  /** In pixels of the black box's own size. */
  readonly point: PromptPoint;
  /** At the size of the image as read. */
  readonly mask: Mask;
}

export interface EvaluationInit {
  readonly decoder: IpDecoder;
  /** Already metered. */
  readonly model: SegmentationModel;
  readonly cases: CaseCache;
  /** Clicks per image; each is one query. The clicks of an image follow from seed and id alone. */
  readonly clicks: number;
  readonly seed: number;
  readonly surface?: boolean;
  readonly signal?: AbortSignal;
  /** Shown the answer to the first click of every image. */
  readonly onAnswer?: (answer: Answer) => void;
}

const IMAGES_AT_ONCE = 8;

/**
 * Measures a decoder (or, without `theta`, the zero-shot model) with fixed clicks: masks are thresholded at 0.5 and
 * compared at the size of the image as read.
 */
export async function evaluate(
  init: EvaluationInit,
  samples: readonly Sample[],
  theta?: Float32Array,
): Promise<ImageScore[]> {
  const scores: ImageScore[] = [];
  for (let start = 0; start < samples.length; start += IMAGES_AT_ONCE) {
    const subjects = await init.cases.all(samples.slice(start, start + IMAGES_AT_ONCE));
    const queries: PromptedQuery[] = subjects.flatMap((subject) =>
      evaluationClicks(subject.fullMask, { seed: init.seed, sampleId: subject.id, clicks: init.clicks }).map(
        (click) => {
          const point = scalePoint(click, subject.fullMask, subject.image);
          return theta ? { subject, point, theta } : { subject, point };
        },
      ),
    );
    const maps = await segmentPrompted(init.model, init.decoder, queries, init.signal);
    for (const [i, subject] of subjects.entries()) {
      const { fullMask } = subject;
      const masks = maps
        .slice(i * init.clicks, (i + 1) * init.clicks)
        .map((map) => threshold(resizeMap(map, fullMask.width, fullMask.height), 0.5));
      init.onAnswer?.({ id: subject.id, point: queries[i * init.clicks].point, mask: masks[0] });
      const overlaps = masks.map((mask) => overlap(mask, fullMask));
      scores.push({
        id: subject.id,
        dice: mean(overlaps.map(({ dice }) => dice)),
        iou: mean(overlaps.map(({ iou }) => iou)),
        ...(init.surface ? { hd95: mean(masks.map((mask) => hd95(mask, fullMask))) } : {}),
      });
    }
  }
  return scores;
}

export function meanDice(scores: readonly ImageScore[]): number {
  return mean(scores.map(({ dice }) => dice));
}
