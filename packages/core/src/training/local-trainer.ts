import type { SegmentationModel } from "../blackbox/model.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import { type OptimizerState, optimizerStep, type PairLoss } from "../optimizer/spsa-gc.js";
import { CaseDraws, type CaseDrawsInit } from "./case-draws.js";
import { segmentationLoss } from "./loss.js";
import type { Preset } from "./presets.js";
import { type PromptedQuery, segmentPrompted } from "./prompted-model.js";
import type { Trainer } from "./trainer.js";

export interface LocalTrainerInit extends CaseDrawsInit {
  readonly decoder: IpDecoder;
  /** Already metered. */
  readonly model: SegmentationModel;
  readonly preset: Preset;
}

/** One site's zeroth-order training of all parameters of a decoder. */
export class LocalTrainer implements Trainer {
  readonly #init: LocalTrainerInit;
  readonly #draws: CaseDraws;

  constructor(init: LocalTrainerInit) {
    this.#init = init;
    this.#draws = new CaseDraws(init);
  }

  step(state: OptimizerState, signal?: AbortSignal): Promise<{ state: OptimizerState; loss: number }> {
    const { preset, seed, site } = this.#init;
    const loss: PairLoss = (pairs, step) => this.#judge(pairs, step, signal);
    return optimizerStep(preset.optimizer, state, loss, seed, [site]);
  }

  async #judge(
    pairs: Parameters<PairLoss>[0],
    step: number,
    signal: AbortSignal | undefined,
  ): Promise<{ plus: number; minus: number }[]> {
    const { decoder, model, preset } = this.#init;
    const count = preset.imagesPerPair;
    const drawn = await this.#draws.batch(step, preset.sharedImages ? count : count * pairs.length);
    const queries: PromptedQuery[] = pairs.flatMap(({ plus, minus }, j) =>
      Array.from({ length: count }, (_, i) => {
        const common = drawn[preset.sharedImages ? i : j * count + i];
        return [
          { ...common, theta: plus },
          { ...common, theta: minus },
        ];
      }).flat(),
    );
    const maps = await segmentPrompted(model, decoder, queries, signal);
    const losses = maps.map((map, i) => segmentationLoss(map, queries[i].subject.mask));
    return pairs.map((_, j) => {
      let plus = 0;
      let minus = 0;
      for (let i = 0; i < count; i++) {
        plus += losses[2 * (j * count + i)] / count;
        minus += losses[2 * (j * count + i) + 1] / count;
      }
      return { plus, minus };
    });
  }
}
