import type { ImageScore } from "./evaluate.js";
import { isBetter } from "./keep-best.js";

/** Standard errors by which a decoder must beat zero-shot on the validation list before a site uses it. */
const MARGIN_OVER_ZERO_SHOT = 0;

interface Stored {
  readonly zeroShot: readonly ImageScore[];
  readonly version: number;
  readonly scores: readonly ImageScore[];
}

/**
 * Which version of the decoder a site would use: the best on its own fixed validation list so far, zero-shot (version 0)
 * until one is better. This is the no-harm gate: the comparison is paired, on the same images and clicks.
 */
export class VersionChoice {
  readonly #zeroShot: readonly ImageScore[];
  #best: { readonly version: number; readonly scores: readonly ImageScore[] };

  constructor(zeroShot: readonly ImageScore[]) {
    this.#zeroShot = zeroShot;
    this.#best = { version: 0, scores: zeroShot };
  }

  /** Offers the scores of a new version. @returns whether it is the best now. */
  offer(version: number, scores: readonly ImageScore[]): boolean {
    const better = isBetter(scores, this.#best.scores, 0) && isBetter(scores, this.#zeroShot, MARGIN_OVER_ZERO_SHOT);
    if (better) this.#best = { version, scores };
    return better;
  }

  get zeroShot(): readonly ImageScore[] {
    return this.#zeroShot;
  }

  get best(): { readonly version: number; readonly scores: readonly ImageScore[] } {
    return this.#best;
  }

  /** Whether a decoder is in use, rather than zero-shot. */
  get deployed(): boolean {
    return this.#best.version > 0;
  }

  toJSON(): Stored {
    return { zeroShot: this.#zeroShot, ...this.#best };
  }

  static restore(stored: Stored): VersionChoice {
    const choice = new VersionChoice(stored.zeroShot);
    choice.#best = { version: stored.version, scores: stored.scores };
    return choice;
  }
}
