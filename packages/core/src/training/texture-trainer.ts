import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import {
  candidatePair,
  pollNumber,
  sharedCandidate,
  type TexturePair,
  texturesInUse,
  withTextures,
} from "../decoder/texture-candidates.js";
import { textureLayout } from "../decoder/texture-layout.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { RandomStream } from "../math/rng.js";
import { mean } from "../math/vector.js";
import { OptimizerError, type OptimizerState } from "../optimizer/spsa-gc.js";
import { CaseDraws } from "./case-draws.js";
import { fitHead } from "./head-fit.js";
import type { HeadSamples } from "./head-samples.js";
import { trainHead } from "./head-training.js";
import type { LocalTrainerInit } from "./local-trainer.js";
import { decisiveLoss } from "./loss.js";
import { segmentPrompted } from "./prompted-model.js";
import { type Poll, polledImage, Votes } from "./texture-poll.js";
import type { Trainer } from "./trainer.js";

export interface TextureTrainerInit extends Omit<LocalTrainerInit, "preset"> {
  /** What the head learns from; asked for when it is first needed. */
  readonly samples: (signal: AbortSignal | undefined) => Promise<HeadSamples>;
  /** The poll that a step belongs to. */
  readonly pollOf: (step: number) => Poll;
  /** Whether the head is trained before this step. */
  readonly trainsHead: (step: number) => boolean;
  /** Whether the head is the site's own: then only as much of its training is taken as serves unseen pictures (`fitHead`). */
  readonly ownHead: boolean;
}

/** Steps of back-propagation that a shared head is given at each site before it is averaged. */
const SHARED_HEAD_STEPS = 150;

/**
 * Trains a `TextureDecoder` at one site. The belief head learns from the site's labels, without a query, at the start of
 * every shared round and once where the site is by itself. The textures are found by an evolution strategy, (1 + lambda)
 * with successive halving: a step shows the black box one image under CANDIDATES_PER_STEP pairs, a poll ends with a winner,
 * and the next poll is among changes of it. The decoder is taught meanwhile: it paints the true mask, so that the answers
 * are about the textures alone. Why this and not gradient estimates: `docs/decisions/0012-textures-by-election.md`.
 */
export class TextureTrainer implements Trainer {
  readonly #init: TextureTrainerInit;
  readonly #draws: CaseDraws;

  constructor(init: TextureTrainerInit) {
    this.#init = init;
    this.#draws = new CaseDraws(init);
  }

  /** @throws OptimizerError LOSS_NOT_FINITE; the state can be kept. */
  async step(before: OptimizerState, signal?: AbortSignal): Promise<{ state: OptimizerState; loss: number }> {
    const { step } = before;
    const poll = this.#init.pollOf(step);
    const moments = before.moments.map((moment) => moment.slice());
    const votes = new Votes(moments);
    let theta = this.#init.trainsHead(step) ? await this.#withHead(before, signal) : before.theta;
    if (step === poll.first) {
      theta = opened(theta, poll);
      votes.clear();
    }
    const pairOf = this.#candidates(theta, poll);
    const candidates = votes.next(step - poll.first, poll.steps);
    const losses = await this.#judge(candidates.map(pairOf), theta, step, poll, signal);
    for (const [i, candidate] of candidates.entries()) votes.count(candidate, 1 - losses[i]);
    if (step + 1 === poll.first + poll.steps)
      theta = poll.shared ? withScores(theta, votes.scores()) : withTextures(theta, pairOf(votes.winner));
    return { state: { step: step + 1, theta, moments }, loss: mean(losses) };
  }

  async #withHead({ theta, step }: OptimizerState, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { seed, site, ownHead } = this.#init;
    const samples = await this.#init.samples(signal);
    const name = ["head-training", site, step];
    if (ownHead) return fitHead(theta, { samples, seed, name, signal });
    const stream = new RandomStream(seed, ...name);
    return trainHead(theta, { samples, steps: SHARED_HEAD_STEPS, stream, signal });
  }

  #candidates(theta: Float32Array, { shared, first }: Poll): (candidate: number) => TexturePair {
    const { seed, site } = this.#init;
    return (candidate) =>
      shared
        ? sharedCandidate(theta, candidate, pollNumber(theta))
        : candidatePair(theta, candidate, "own", seed, site, first);
  }

  async #judge(
    pairs: readonly TexturePair[],
    theta: Float32Array,
    step: number,
    poll: Poll,
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const { model, decoder } = this.#init;
    // An image stays for as long as candidates are judged on it; the streams of two polls never meet.
    const [{ subject, point }] = await this.#draws.batch(poll.first + polledImage(step - poll.first, poll.steps), 1);
    const belief = beliefIn(subject.mask);
    const queries = pairs.map((pair) => ({ subject, point, belief, theta: withTextures(theta, pair) }));
    const maps = await segmentPrompted(model, decoder, queries, signal);
    const losses = maps.map((map) => decisiveLoss(map, subject.mask));
    if (!losses.every(Number.isFinite))
      throw new OptimizerError(
        "LOSS_NOT_FINITE",
        `the loss at step ${step} is not a finite number: the black box's answer is unusable`,
      );
    return losses;
  }
}

/** The mask on the decoder's square. */
function beliefIn(mask: Mask): Float32Array {
  return Float32Array.from(resizeMask(mask, DECODER_SIZE, DECODER_SIZE).data);
}

/** What a poll starts from: the winner of the one before it, where its scores are in `theta`. */
function opened(theta: Float32Array, { shared }: Poll): Float32Array {
  const voted = textureLayout.view(theta, "poll.score").some((score) => score > 0);
  const out = voted ? withTextures(theta, texturesInUse(theta)) : theta.slice();
  if (shared) textureLayout.view(out, "poll.number")[0] = pollNumber(theta) + 1;
  return out;
}

function withScores(theta: Float32Array, scores: Float32Array): Float32Array {
  const out = theta.slice();
  textureLayout.view(out, "poll.score").set(scores);
  textureLayout.view(out, "amount").fill(1);
  return out;
}
