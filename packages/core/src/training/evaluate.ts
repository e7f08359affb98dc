import { setImmediate } from "node:timers/promises";
import type { Prompt, PromptPoint, SegmentationModel } from "../blackbox/model.js";
import { evaluationPrompts, type PromptPlan } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import type { Mask } from "../image/image.js";
import { resizeMap } from "../image/resize.js";
import { mean } from "../math/vector.js";
import { overlap, threshold } from "../metrics/overlap.js";
import { hd95 } from "../metrics/surface.js";
import type { Case, CaseCache } from "./cases.js";
import { type PromptedQuery, scalePrompt, segmentPrompted } from "./prompted-model.js";

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
  /** In pixels of the case's image. */
  readonly point: PromptPoint;
  /** At the size of the image as read. */
  readonly mask: Mask;
}

export interface EvaluationInit extends PromptPlan {
  readonly decoder: IpDecoder;
  /** Already metered. */
  readonly model: SegmentationModel;
  readonly cases: CaseCache;
  /** The prompts of an image follow from seed and id alone. */
  readonly seed: number;
  readonly surface?: boolean;
  readonly signal?: AbortSignal;
  /** Shown the answer to the first click of every image. */
  readonly onAnswer?: (answer: Answer) => void;
}

/** So that a measurement that was cut off goes on where it was, and no answer is paid for twice. */
export interface EvaluationResume {
  /** Scores of before, of whole blocks: these images are not asked about again. */
  readonly known: readonly ImageScore[];
  /** Awaited after every block, with all scores so far. */
  readonly onScores: (scores: readonly ImageScore[]) => void | Promise<void>;
  /** Awaited before it, with the answers to the first click of the block's images. */
  readonly onAnswers?: (answers: readonly Answer[]) => void | Promise<void>;
}

/**
 * Measures a decoder (or, without `theta`, the zero-shot model) with fixed clicks: masks are thresholded at 0.5 and
 * compared at the size of the image as read. Works in blocks, each one call of the black box where the clicks of an
 * image fit one: what a call answered is scored before the next is made.
 */
export async function evaluate(
  init: EvaluationInit,
  samples: readonly Sample[],
  theta?: Float32Array,
  resume?: EvaluationResume,
): Promise<ImageScore[]> {
  const known = new Map(resume?.known.map((score) => [score.id, score]));
  const scores: ImageScore[] = [];
  const { maxBatch, concurrency } = init.model.description;
  const size = Math.max(1, Math.floor((maxBatch * concurrency) / (init.box ? 1 : init.clicks)));
  for (let start = 0; start < samples.length; start += size) {
    const block = samples.slice(start, start + size);
    const before = block.flatMap(({ id }) => known.get(id) ?? []);
    if (before.length === block.length) {
      scores.push(...before);
      continue;
    }
    const answers: Answer[] = [];
    scores.push(...(await scoreBlock(init, await init.cases.all(block), theta, answers)));
    await resume?.onAnswers?.(answers);
    await resume?.onScores(scores);
    // Scoring large pictures takes long: signs of life and a wish to stop are heard in between.
    await setImmediate();
  }
  return scores;
}

async function scoreBlock(
  init: EvaluationInit,
  subjects: readonly Case[],
  theta: Float32Array | undefined,
  answers: Answer[],
): Promise<ImageScore[]> {
  const queries: PromptedQuery[] = subjects.flatMap((subject) =>
    evaluationPrompts(subject.fullMask, { ...init, sampleId: subject.id }).map((given) => {
      const prompt = scalePrompt(given, subject.fullMask, subject.image);
      const point = prompt.points[0] ?? middle(prompt);
      return theta ? { subject, point, prompt, theta } : { subject, point, prompt };
    }),
  );
  const maps = await segmentPrompted(init.model, init.decoder, queries, init.signal);
  const each = queries.length / subjects.length;
  return subjects.map((subject, i) => {
    const { fullMask } = subject;
    const masks = maps
      .slice(i * each, (i + 1) * each)
      .map((map) => threshold(resizeMap(map, fullMask.width, fullMask.height), 0.5));
    const answer = { id: subject.id, point: queries[i * each].point, mask: masks[0] };
    init.onAnswer?.(answer);
    answers.push(answer);
    const overlaps = masks.map((mask) => overlap(mask, fullMask));
    return {
      id: subject.id,
      dice: mean(overlaps.map(({ dice }) => dice)),
      iou: mean(overlaps.map(({ iou }) => iou)),
      ...(init.surface ? { hd95: mean(masks.map((mask) => hd95(mask, fullMask))) } : {}),
    };
  });
}

/** Where a prompt without a click would have it: the middle of its box. */
function middle({ box }: Prompt): PromptPoint {
  const { left = 0, top = 0, right = 0, bottom = 0 } = box ?? {};
  return { x: (left + right) / 2, y: (top + bottom) / 2, label: 1 };
}

export function meanDice(scores: readonly ImageScore[]): number {
  return mean(scores.map(({ dice }) => dice));
}
