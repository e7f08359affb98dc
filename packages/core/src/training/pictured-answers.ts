import { evaluationPrompts } from "../data/clicks.js";
import { loadSample, type Sample } from "../data/dataset.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import type { Mask } from "../image/image.js";
import type { Comparison } from "../image/panel.js";
import { scalePoint } from "../image/place.js";
import type { CaseCache } from "./cases.js";
import type { Answer } from "./evaluate.js";
import { drawPrompts } from "./prompted-model.js";

/** Test images that are shown as pictures. */
const PICTURED = 3;

/** What was measured on the test split: the black box as it is, or with a decoder. */
export type Pictured = "zero-shot" | "adapted";

export interface PicturedAnswersInit {
  readonly test: readonly Sample[];
  readonly cases: CaseCache;
  readonly clicks: number;
  readonly seed: number;
}

/** Answers to the first clicks of the first test images, kept to be shown: showing them asks nothing. */
export class PicturedAnswers {
  readonly #samples: readonly Sample[];
  readonly #answers = { "zero-shot": new Map<number, Answer>(), adapted: new Map<number, Answer>() };

  constructor(private readonly init: PicturedAnswersInit) {
    this.#samples = init.test.slice(0, PICTURED);
  }

  clear(subject: Pictured): void {
    this.#answers[subject].clear();
  }

  /** Keeps the answer if its image is shown. */
  keep(subject: Pictured, answer: Answer): void {
    if (this.#samples.some(({ id }) => id === answer.id)) this.#answers[subject].set(answer.id, answer);
  }

  /** Gives back answers of an earlier process. @param find the mask by the image's number; undefined where it is not known. */
  async remember(subject: Pictured, find: (id: number) => Promise<Mask | undefined>): Promise<void> {
    const { cases, clicks, seed } = this.init;
    for (const sample of this.#samples) {
      const mask = await find(sample.id);
      if (!mask) continue;
      const { fullMask, image } = await cases.get(sample);
      const [{ points }] = evaluationPrompts(fullMask, { clicks, seed, sampleId: sample.id });
      this.keep(subject, { id: sample.id, point: scalePoint(points[0], fullMask, image), mask });
    }
  }

  /** @param theta what to draw prompts with. @param deployed whether a decoder is in use: else zero-shot is compared with itself. */
  async comparisons(decoder: IpDecoder, theta: Float32Array, deployed: boolean): Promise<Comparison[]> {
    const out: Comparison[] = [];
    for (const sample of this.#samples) {
      const zeroShot = this.#answers["zero-shot"].get(sample.id);
      const adapted = deployed ? this.#answers.adapted.get(sample.id) : zeroShot;
      if (!zeroShot || !adapted) continue;
      const { image, mask: truth } = await loadSample(sample);
      const subject = await this.init.cases.get(sample);
      const [visualPrompt] = await drawPrompts(decoder, [{ subject, point: zeroShot.point, theta }]);
      if (visualPrompt) out.push({ image, truth, zeroShot: zeroShot.mask, adapted: adapted.mask, visualPrompt });
    }
    return out;
  }
}
