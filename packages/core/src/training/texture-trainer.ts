import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { TILE, textureLayout } from "../decoder/texture-layout.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { RandomStream } from "../math/rng.js";
import { type OptimizerState, optimizerStep, type PairLoss } from "../optimizer/spsa-gc.js";
import { CaseDraws } from "./case-draws.js";
import type { HeadSamples } from "./head-samples.js";
import { trainHead } from "./head-training.js";
import type { LocalTrainerInit } from "./local-trainer.js";
import { segmentationLoss } from "./loss.js";
import { type PromptedQuery, segmentPrompted } from "./prompted-model.js";
import { countVotes, polledCandidates, polledImage } from "./texture-poll.js";
import type { Trainer } from "./trainer.js";

/** Steps of back-propagation that the head is given at the start of every part of the training. */
const HEAD_STEPS = 150;

/** The textures lie side by side in the layout: they are what zeroth-order steps move. */
const TEXTURES = { from: textureLayout.entry("texture.inside").offset, length: 2 * 3 * TILE * TILE };

export interface TextureTrainerInit extends LocalTrainerInit {
  /** What the head learns from; asked for when it is first needed. */
  readonly samples: (signal: AbortSignal | undefined) => Promise<HeadSamples>;
  /** Steps of the poll at the start; 0 for none. */
  readonly opening: number;
  /** Whether a part of the training begins with this step. */
  readonly begins: (step: number) => boolean;
}

/**
 * Trains a `TextureDecoder` at one site. At the start of every part the belief head learns from the site's labels, without
 * a query. In the poll, each step shows the black box one image under CANDIDATES_PER_STEP texture pairs; after it, each
 * step moves the two textures by SPSA. The decoder is taught meanwhile: it paints the true mask, so that the black box's
 * answer is about the textures alone.
 */
export class TextureTrainer implements Trainer {
  readonly #init: TextureTrainerInit;
  readonly #draws: CaseDraws;

  constructor(init: TextureTrainerInit) {
    this.#init = init;
    this.#draws = new CaseDraws(init);
  }

  async step(state: OptimizerState, signal?: AbortSignal): Promise<{ state: OptimizerState; loss: number }> {
    const { begins, opening } = this.#init;
    const theta = begins(state.step) ? await this.#withHead(state, signal) : state.theta;
    const ready = { ...state, theta };
    return state.step < opening ? this.#poll(ready, signal) : this.#refine(ready, signal);
  }

  async #withHead({ theta, step }: OptimizerState, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { samples, seed, site } = this.#init;
    const stream = new RandomStream(seed, "head-training", site, step);
    return trainHead(theta, { samples: await samples(signal), steps: HEAD_STEPS, stream, signal });
  }

  async #poll(
    before: OptimizerState,
    signal: AbortSignal | undefined,
  ): Promise<{ state: OptimizerState; loss: number }> {
    const { opening } = this.#init;
    const { step } = before;
    const [{ subject, point }] = await this.#draws.batch(polledImage(step, opening), 1);
    const candidates = polledCandidates(before, opening);
    const belief = beliefIn(subject.mask);
    const queries = candidates.map((candidate) => ({
      subject,
      point,
      belief,
      theta: standingFor(before.theta, candidate),
    }));
    const losses = await this.#losses(queries, signal);
    const theta = before.theta.slice();
    const moments = before.moments.map((moment) => moment.slice());
    const state = { step: step + 1, theta, moments };
    countVotes(
      state,
      candidates,
      losses.map((loss) => 1 - loss),
    );
    if (state.step === opening) textureLayout.view(theta, "amount").fill(1);
    return { state, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
  }

  async #refine(
    { step, theta, moments }: OptimizerState,
    signal: AbortSignal | undefined,
  ): Promise<{ state: OptimizerState; loss: number }> {
    const { preset, seed, site, opening } = this.#init;
    const { from, length } = TEXTURES;
    const part = (whole: Float32Array) => whole.slice(from, from + length);
    const whole = (all: Float32Array, changed: Float32Array) => {
      const out = all.slice();
      out.set(changed, from);
      return out;
    };
    const judge: PairLoss = async (pairs) => {
      const drawn = await this.#draws.batch(step, pairs.length);
      const queries = pairs.flatMap(({ plus, minus }, j) => {
        const common = { ...drawn[j], belief: beliefIn(drawn[j].subject.mask) };
        return [
          { ...common, theta: whole(theta, plus) },
          { ...common, theta: whole(theta, minus) },
        ];
      });
      const losses = await this.#losses(queries, signal);
      return pairs.map((_, j) => ({ plus: losses[2 * j], minus: losses[2 * j + 1] }));
    };
    const start = { step: step - opening, theta: part(theta), moments: moments.map(part) };
    const { state, loss } = await optimizerStep(preset.optimizer, start, judge, seed, [site]);
    return {
      loss,
      state: {
        step: step + 1,
        theta: whole(theta, state.theta),
        moments: moments.map((moment, m) => whole(moment, state.moments[m])),
      },
    };
  }

  async #losses(queries: readonly PromptedQuery[], signal: AbortSignal | undefined): Promise<number[]> {
    const { model, decoder } = this.#init;
    const maps = await segmentPrompted(model, decoder, queries, signal);
    return maps.map((map, i) => segmentationLoss(map, queries[i].subject.mask));
  }
}

/** The mask on the decoder's square. */
function beliefIn(mask: Mask): Float32Array {
  return Float32Array.from(resizeMask(mask, DECODER_SIZE, DECODER_SIZE).data);
}

/** A decoder that paints one candidate as it is, in full. */
function standingFor(theta: Float32Array, candidate: number): Float32Array {
  const out = theta.slice();
  textureLayout.view(out, "poll.score").fill(0)[candidate] = 1;
  textureLayout.view(out, "texture.inside").fill(0);
  textureLayout.view(out, "texture.outside").fill(0);
  textureLayout.view(out, "amount").fill(1);
  return out;
}
