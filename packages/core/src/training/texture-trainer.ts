import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { TEXTURE_VALUES, withTextures } from "../decoder/texture-layout.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { RandomStream } from "../math/rng.js";
import { mean } from "../math/vector.js";
import { candidate, directions, recombine } from "../optimizer/evolution-strategy.js";
import { OptimizerError, type OptimizerState } from "../optimizer/spsa-gc.js";
import { CaseDraws } from "./case-draws.js";
import { fitHead } from "./head-fit.js";
import type { HeadSamples } from "./head-samples.js";
import { trainHead } from "./head-training.js";
import type { LocalTrainerInit } from "./local-trainer.js";
import { decisiveLoss } from "./loss.js";
import { segmentPrompted } from "./prompted-model.js";
import { farness, type Generation, lossesIn, momentsWith, OFFSPRING, searchIn } from "./texture-search.js";
import type { Trainer } from "./trainer.js";

export interface TextureTrainerInit extends Omit<LocalTrainerInit, "preset"> {
  /** What the head learns from; asked for when it is first needed. */
  readonly samples: (signal: AbortSignal | undefined) => Promise<HeadSamples>;
  /** The generation that a step belongs to. */
  readonly generationOf: (step: number) => Generation;
  /** Whether the head is trained before this step. */
  readonly trainsHead: (step: number) => boolean;
  /** Whether the head is the site's own: then only as much of its training is taken as serves unseen pictures (`fitHead`). */
  readonly ownHead: boolean;
}

/** Steps of back-propagation that a shared head is given at each site before it is averaged. */
const SHARED_HEAD_STEPS = 150;

/**
 * Trains a `TextureDecoder` at one site. The belief head learns from the site's labels, without a query, at the start of
 * every shared round and once where the site is by itself. The textures are found by an evolution strategy: a step shows the
 * black box one image under OFFSPRING candidates, a generation ends with a move towards the better half. The decoder is
 * taught meanwhile: it paints the true mask, so that the answers are about the textures alone. Sites that average their
 * parameters so have one search with many more candidates. Why this and not gradient estimates:
 * `docs/decisions/0013-textures-by-evolution.md`.
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
    const { first, last } = this.#init.generationOf(step);
    const theta = this.#init.trainsHead(step) ? await this.#withHead(before, signal) : before.theta;
    const search = searchIn(before);
    const candidates = this.#directions(step).map((direction) => candidate(search, direction));
    const losses = await this.#judge(candidates, theta, { step, image: first }, signal);
    const moments = before.moments.map((moment) => moment.slice());
    const judged = lossesIn(moments).subarray(0, (step - first + 1) * OFFSPRING);
    judged.set(losses, (step - first) * OFFSPRING);
    if (step < last) return { state: { step: step + 1, theta, moments }, loss: mean(losses) };
    const tried = Array.from({ length: step - first + 1 }, (_, i) => this.#directions(first + i)).flat();
    const found = recombine(search, tried, [...judged]);
    const state = { step: step + 1, theta: withTextures(theta, found.mean), moments: momentsWith(found, moments) };
    return { state, loss: mean(losses) };
  }

  #directions(step: number): Float32Array[] {
    const { seed, site } = this.#init;
    return directions(TEXTURE_VALUES, OFFSPRING, new RandomStream(seed, "textures", site, step));
  }

  async #withHead({ theta, step }: OptimizerState, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { seed, site, ownHead } = this.#init;
    const samples = await this.#init.samples(signal);
    const name = ["head-training", site, step];
    if (ownHead) return fitHead(theta, { samples, seed, name, signal });
    const stream = new RandomStream(seed, ...name);
    return trainHead(theta, { samples, steps: SHARED_HEAD_STEPS, stream, signal });
  }

  /** @returns losses of the textures, those of a generation on one image and click. */
  async #judge(
    candidates: readonly Float32Array[],
    theta: Float32Array,
    { step, image }: { step: number; image: number },
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const { model, decoder } = this.#init;
    const [{ subject, point }] = await this.#draws.batch(image, 1);
    const belief = beliefIn(subject.mask);
    const queries = candidates.map((textures) => ({ subject, point, belief, theta: withTextures(theta, textures) }));
    const maps = await segmentPrompted(model, decoder, queries, signal);
    const losses = maps.map((map, i) => decisiveLoss(map, subject.mask) + farness(candidates[i]));
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
