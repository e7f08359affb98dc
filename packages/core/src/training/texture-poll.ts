import { CANDIDATES, textureLayout } from "../decoder/texture-layout.js";
import type { OptimizerState } from "../optimizer/spsa-gc.js";

/** Candidates that one step judges, all on the same image and click. */
export const CANDIDATES_PER_STEP = 8;
/** Steps of a full poll; more queries are better spent on training. */
const FULL_POLL = 32;
/** At most this share of the training steps goes to the poll. */
const LARGEST_SHARE = 1 / 3;

/**
 * Steps that the poll takes of `steps` in `rounds`: every later round keeps one at least. One step at least: without a poll
 * nothing would ever be painted.
 * @param steps `rounds` at least.
 */
export function pollSteps(steps: number, rounds: number): number {
  return Math.max(1, Math.min(FULL_POLL, Math.floor(steps * LARGEST_SHARE), steps - (rounds - 1)));
}

/**
 * Which candidates stand for election at first, in a poll of `steps`: as many as leave two images for each within about
 * half of it. A number of whole steps.
 */
function standing(steps: number): number {
  const half = Math.floor(steps / 4) * CANDIDATES_PER_STEP;
  return Math.min(CANDIDATES, Math.max(CANDIDATES_PER_STEP, half));
}

/** How many are still judged on image number `image`: losers leave early (successive halving, Jamieson and Talwalkar 2016). */
function remaining(all: number, image: number): number {
  if (image < 2) return all;
  const half = Math.min(all, Math.max(CANDIDATES_PER_STEP, roundedUp(all / 2)));
  if (image < 4) return half;
  if (image < 8) return Math.min(half, 2 * CANDIDATES_PER_STEP);
  return CANDIDATES_PER_STEP;
}

function roundedUp(count: number): number {
  return Math.ceil(count / CANDIDATES_PER_STEP) * CANDIDATES_PER_STEP;
}

/** On which image, by number, a step of the poll judges. */
export function polledImage(step: number, steps: number): number {
  const all = standing(steps);
  let image = 0;
  for (let left = step; ; image++) {
    const cost = remaining(all, image) / CANDIDATES_PER_STEP;
    if (left < cost) return image;
    left -= cost;
  }
}

/**
 * The candidates that a step judges: the best so far of those that have been judged on every image before this one. How
 * often each was judged is kept where its first moment would be.
 */
export function polledCandidates({ step, theta, moments }: OptimizerState, steps: number): number[] {
  const scores = textureLayout.view(theta, "poll.score");
  const judged = textureLayout.view(moments[0], "poll.score");
  const image = polledImage(step, steps);
  return Array.from({ length: standing(steps) }, (_, candidate) => candidate)
    .filter((candidate) => judged[candidate] === image)
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, CANDIDATES_PER_STEP);
}

/** Adds what a step found to the candidates' mean scores. The state's vectors are changed. */
export function countVotes(
  { theta, moments }: OptimizerState,
  candidates: readonly number[],
  scores: readonly number[],
) {
  const means = textureLayout.view(theta, "poll.score");
  const judged = textureLayout.view(moments[0], "poll.score");
  for (const [i, candidate] of candidates.entries()) {
    judged[candidate] += 1;
    means[candidate] += (scores[i] - means[candidate]) / judged[candidate];
  }
}
