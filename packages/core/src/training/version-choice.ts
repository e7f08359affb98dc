import { signFlipTest } from "../metrics/sign-flip.js";
import { studentTest } from "../metrics/student-t.js";
import type { ImageScore } from "./evaluate.js";
import { isBetter, pairedDifferences } from "./keep-best.js";

/**
 * Chance, at each version, that it or one before it looks this good where none is better than zero-shot. Over a whole
 * study the chance to use such a version is larger: 6 to 15 % with six versions (docs/no-harm.md).
 */
export const FALSE_ACCEPT_LEVEL = 0.05;
/**
 * Flipping the signs of fewer images cannot reach that level; of five only where all of them gain, and not any more once an
 * earlier version gained on some and lost on others.
 */
const LEAST_FOR_SIGN_FLIPS = 6;

interface Scored {
  readonly version: number;
  readonly scores: readonly ImageScore[];
}

interface Stored extends Scored {
  readonly zeroShot: readonly ImageScore[];
  /** The best by its mean alone; absent in older files, where it is the one in use. */
  readonly leader?: Scored;
  /** Differences to zero-shot of all versions offered; absent in older files. */
  readonly looks?: readonly (readonly number[])[];
}

/**
 * Which version of the decoder a site would use: zero-shot (version 0) until a version is shown to be better, then the
 * best of those so shown. This is the no-harm gate: one-sided, paired on the same images and clicks of the fixed
 * validation list, and adjusted for the versions looked at so far. One validation image cannot show it.
 */
export class VersionChoice {
  readonly #zeroShot: readonly ImageScore[];
  readonly #looks: (readonly number[])[] = [];
  #best: Scored;
  #leader: Scored;

  constructor(zeroShot: readonly ImageScore[]) {
    this.#zeroShot = zeroShot;
    this.#best = { version: 0, scores: zeroShot };
    this.#leader = this.#best;
  }

  /**
   * Offers the scores of a new version. @returns whether it is the one to use now.
   * @throws RangeError when they are of other images than zero-shot's.
   */
  offer(version: number, scores: readonly ImageScore[]): boolean {
    const look = pairedDifferences(scores, this.#zeroShot);
    // A measurement that failed is no gain.
    if (!look.every(Number.isFinite)) return false;
    if (isBetter(scores, this.#leader.scores)) this.#leader = { version, scores };
    // A version that answers as zero-shot does, as before its first step, is no second chance to be wrong.
    if (look.some((difference) => difference !== 0)) this.#looks.push(look);
    // The test costs time: only what would be used is tested.
    if (!isBetter(scores, this.#best.scores)) return false;
    const shown = chanceOfLast(this.#looks) <= FALSE_ACCEPT_LEVEL;
    if (shown) this.#best = { version, scores };
    return shown;
  }

  get zeroShot(): readonly ImageScore[] {
    return this.#zeroShot;
  }

  /** What the site would use. */
  get best(): Scored {
    return this.#best;
  }

  /** The highest mean so far, shown to be better or not: where further training starts. Zero-shot while none is higher. */
  get leader(): Scored {
    return this.#leader;
  }

  /** Whether a decoder is in use, rather than zero-shot. */
  get deployed(): boolean {
    return this.#best.version > 0;
  }

  toJSON(): Stored {
    return { zeroShot: this.#zeroShot, ...this.#best, leader: this.#leader, looks: this.#looks };
  }

  static restore(stored: Stored): VersionChoice {
    const choice = new VersionChoice(stored.zeroShot);
    choice.#best = { version: stored.version, scores: stored.scores };
    choice.#leader = stored.leader ?? choice.#best;
    const before = stored.version > 0 ? [pairedDifferences(stored.scores, stored.zeroShot)] : [];
    choice.#looks.push(...(stored.looks ?? before));
    return choice;
  }
}

/**
 * The chance, at most 1, that the last version looks as good as it does where none of them is better than zero-shot: by
 * the signs of the images, or, where those are too few, by Student's t with the level shared among the versions so far.
 */
export function chanceOfLast(looks: readonly (readonly number[])[]): number {
  const last = looks.at(-1);
  if (!last) return 1;
  if (last.length < LEAST_FOR_SIGN_FLIPS) return Math.min(1, looks.length * studentTest(last));
  return signFlipTest(looks).at(-1) ?? 1;
}
