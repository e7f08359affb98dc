import type { SegmentationModel } from "../blackbox/model.js";
import { drawClick } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import { RandomStream } from "../math/rng.js";
import { type OptimizerState, optimizerStep, type PairLoss } from "../optimizer/spsa-gc.js";
import type { CaseCache } from "./cases.js";
import { segmentationLoss } from "./loss.js";
import type { Preset } from "./presets.js";
import { type PromptedQuery, segmentPrompted } from "./prompted-model.js";

export interface LocalTrainerInit {
  readonly decoder: IpDecoder;
  /** Already metered. */
  readonly model: SegmentationModel;
  readonly cases: CaseCache;
  readonly train: readonly Sample[];
  readonly preset: Preset;
  readonly seed: number;
  /** Names this site's streams: sites draw distinct directions, images and clicks. */
  readonly site: string;
}

/**
 * One site's zeroth-order training: a step is a pure function of (settings, data, state), so a run that was cut off
 * goes on from its last stored state to the same bits.
 */
export class LocalTrainer {
  readonly #init: LocalTrainerInit;

  constructor(init: LocalTrainerInit) {
    this.#init = init;
  }

  /** @returns the next state and the mean loss over the step's candidates. */
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
    const { decoder, model, cases, preset } = this.#init;
    const count = preset.imagesPerPair;
    const subjects = await cases.all(this.#batch(step, preset.sharedImages ? count : count * pairs.length));
    const clicks = subjects.map((subject, i) => drawClick(subject.mask, this.#stream("click", step, i)));
    const queries: PromptedQuery[] = pairs.flatMap(({ plus, minus }, j) =>
      Array.from({ length: count }, (_, i) => {
        const at = preset.sharedImages ? i : j * count + i;
        const common = { subject: subjects[at], point: clicks[at] };
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

  /** Without replacement while the site has enough images; else every image once, and again. */
  #batch(step: number, count: number): Sample[] {
    const { train } = this.#init;
    const stream = this.#stream("batch", step);
    const out: Sample[] = [];
    while (out.length < count) out.push(...stream.shuffle([...train]).slice(0, count - out.length));
    return out;
  }

  #stream(...name: (string | number)[]): RandomStream {
    return new RandomStream(this.#init.seed, "train", this.#init.site, ...name);
  }
}
