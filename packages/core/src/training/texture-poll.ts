import { CANDIDATES, textureLayout } from "../decoder/texture-layout.js";

/** Candidates that one step judges, all on the same image and click. */
export const CANDIDATES_PER_STEP = 8;
/** Steps of the first of a site's own polls; more queries are better spent on changing its winner. */
const FIRST_POLL = 32;
/** At most this share of the training steps goes to it. */
const LARGEST_SHARE = 1 / 3;
/** Steps of the polls after it: sixteen candidates, the better half of them on six images. */
const NEXT_POLL = 8;

/** A stretch of steps that judge one list of candidates. */
export interface Poll {
  readonly first: number;
  readonly steps: number;
  /** Whether all sites judge the same list, to average their scores; else the site adopts its winner by itself. */
  readonly shared: boolean;
}

/** A federated round is one poll. @param ends steps done after each round. */
export function sharedPoll(step: number, ends: readonly number[]): Poll {
  const round = ends.findIndex((end) => step < end);
  const first = round > 0 ? ends[round - 1] : 0;
  return { first, steps: ends[round] - first, shared: true };
}

/** A site alone holds a long poll among random pairs, then short ones among changes of the winner. @param steps in all. */
export function ownPoll(step: number, steps: number): Poll {
  const opening = Math.max(1, Math.min(FIRST_POLL, Math.floor(steps * LARGEST_SHARE)));
  if (step < opening) return { first: 0, steps: opening, shared: false };
  const first = opening + Math.floor((step - opening) / NEXT_POLL) * NEXT_POLL;
  return { first, steps: Math.min(NEXT_POLL, steps - first), shared: false };
}

/**
 * How many candidates stand for election in a poll of `steps`: as many as leave two images for each within about half of
 * it. A number of whole steps.
 */
export function standing(steps: number): number {
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

/** On which image, by number, step `step` (from 0) of a poll of `steps` judges. */
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
 * What a poll has found so far: on how many images each candidate was judged, and its mean worth there, in [0, 1]. Kept
 * where a gradient method would keep the moments of the scores.
 */
export class Votes {
  readonly #judged: Float32Array;
  readonly #worth: Float32Array;

  /** Reads and writes the given vectors in place. */
  constructor(moments: readonly Float32Array[]) {
    this.#judged = textureLayout.view(moments[0], "poll.score");
    this.#worth = textureLayout.view(moments[1], "poll.score");
  }

  clear(): void {
    this.#judged.fill(0);
    this.#worth.fill(0);
  }

  /** The candidates of step `step` (from 0): the best so far of those judged on every image before this one. */
  next(step: number, steps: number): number[] {
    const image = polledImage(step, steps);
    return this.#ranked(standing(steps))
      .filter((candidate) => this.#judged[candidate] === image)
      .slice(0, CANDIDATES_PER_STEP);
  }

  count(candidate: number, worth: number): void {
    this.#judged[candidate] += 1;
    this.#worth[candidate] += (worth - this.#worth[candidate]) / this.#judged[candidate];
  }

  /** The best of those that stayed longest: means over different images are not compared. */
  get winner(): number {
    const most = Math.max(...this.#judged);
    return this.#ranked(CANDIDATES).find((candidate) => this.#judged[candidate] === most) ?? 0;
  }

  /** Scores that may be averaged over sites, in [0, 1]: who stayed longer is ahead, then who was worth more; 0: not tried. */
  scores(): Float32Array {
    const most = Math.max(...this.#judged);
    return this.#judged.map((judged, i) => (judged === 0 ? 0 : (judged + this.#worth[i]) / (most + 1)));
  }

  /** By worth; the first of equals. */
  #ranked(count: number): number[] {
    const all = Array.from({ length: count }, (_, candidate) => candidate);
    return all.sort((a, b) => this.#worth[b] - this.#worth[a] || a - b);
  }
}
