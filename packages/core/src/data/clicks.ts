import type { Prompt, PromptBox, PromptPoint } from "../blackbox/model.js";
import type { Mask } from "../image/image.js";
import { RandomStream } from "../math/rng.js";

/** Positions in `mask.data` of the pixels inside. */
function insideOf(mask: Mask): number[] {
  const inside: number[] = [];
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i]) inside.push(i);
  if (inside.length === 0) throw new RangeError("a click needs a mask with at least one pixel inside");
  return inside;
}

function clickAt(mask: Mask, position: number): PromptPoint {
  return { x: position % mask.width, y: Math.floor(position / mask.width), label: 1 };
}

/**
 * A clinician's click, simulated: any pixel inside the mask with equal chance, at the pixel's centre.
 * @throws RangeError for an empty mask
 */
export function drawClick(mask: Mask, stream: RandomStream): PromptPoint {
  return clickAt(mask, stream.pick(insideOf(mask)));
}

/**
 * The clicks that a sample is measured with: always the same for the same seed and sample, whatever else was drawn.
 * Fewer clicks are the beginning of more. Drawn with replacement, so a tiny mask may give a click twice.
 * @throws RangeError for an empty mask
 */
export function evaluationClicks(
  mask: Mask,
  options: { readonly seed: number; readonly sampleId: number; readonly clicks: number },
): PromptPoint[] {
  const inside = insideOf(mask);
  const stream = new RandomStream(options.seed, "evaluation-clicks", options.sampleId);
  return Array.from({ length: options.clicks }, () => clickAt(mask, stream.pick(inside)));
}

/** How a sample is measured: so many queries, each with so many points inside, or one query with the mask's box. */
export interface PromptPlan {
  readonly clicks: number;
  /** Points in each prompt; 1 by default. */
  readonly points?: number;
  readonly box?: boolean;
}

/**
 * The prompts that a sample is measured with, in the mask's pixels: fixed by seed and sample, as `evaluationClicks`. With
 * one point each they are its clicks.
 * @throws RangeError for an empty mask
 */
export function evaluationPrompts(
  mask: Mask,
  { clicks, points = 1, box = false, ...fixed }: PromptPlan & { readonly seed: number; readonly sampleId: number },
): Prompt[] {
  if (box) return [{ points: [], box: boxOf(mask) }];
  const all = evaluationClicks(mask, { ...fixed, clicks: clicks * points });
  return Array.from({ length: clicks }, (_, i) => ({ points: all.slice(i * points, (i + 1) * points) }));
}

/** The smallest box around a mask, through the centres of its outermost pixels. @throws RangeError for an empty mask */
export function boxOf(mask: Mask): PromptBox {
  const inside = insideOf(mask);
  const columns = inside.map((position) => position % mask.width);
  const rows = inside.map((position) => Math.floor(position / mask.width));
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
  return { left: least(columns), top: least(rows), right: most(columns), bottom: most(rows) };
}

export { type Size, scalePoint } from "../image/place.js";
