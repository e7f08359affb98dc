import type { PromptPoint } from "../blackbox/model.js";
import { drawClick } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import { RandomStream } from "../math/rng.js";
import type { Case, CaseCache } from "./cases.js";

export interface CaseDrawsInit {
  readonly cases: CaseCache;
  readonly train: readonly Sample[];
  readonly seed: number;
  /** Names this site's streams: sites draw distinct directions, images and clicks. */
  readonly site: string;
}

/** Which training images a step takes, and where they are clicked: a pure function of seed, site and step. */
export class CaseDraws {
  constructor(private readonly init: CaseDrawsInit) {}

  /** Without replacement while the site has enough images; else every image once, and again. */
  async batch(step: number, count: number): Promise<{ subject: Case; point: PromptPoint }[]> {
    const { train, cases } = this.init;
    const stream = this.#stream("batch", step);
    const samples: Sample[] = [];
    while (samples.length < count) samples.push(...stream.shuffle([...train]).slice(0, count - samples.length));
    const subjects = await cases.all(samples);
    return subjects.map((subject, i) => ({ subject, point: drawClick(subject.mask, this.#stream("click", step, i)) }));
  }

  #stream(...name: (string | number)[]): RandomStream {
    return new RandomStream(this.init.seed, "train", this.init.site, ...name);
  }
}
