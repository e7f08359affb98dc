import type { Image, ProbabilityMap } from "../image/image.js";
import type { ModelDescription, Prompt, SegmentationModel } from "./model.js";

/** Queries that are about to be asked. */
export interface Question {
  readonly queries: number;
  /** The origin that the images would leave for; absent where they stay in this process. */
  readonly remote?: string;
}

/** Called once when a question is over. @param answered whether the answers came: what was not answered does not count. */
export type Leave = (answered: boolean) => Promise<void>;

/** Who decides, before every call, whether a black box may be asked now: the site's policy. */
export interface QueryGate {
  /**
   * Resolves when the question may be asked; that may take hours.
   * @throws when it may not be, and the signal's reason when that is aborted meanwhile: nothing has been asked then.
   */
  enter(question: Question, signal?: AbortSignal): Promise<Leave>;
}

/** A black box behind a gate: no call reaches it that was not let in. */
export class GatedModel implements SegmentationModel {
  /** Let in, and not asked yet. */
  readonly #admitted: { readonly queries: number; readonly leave: Leave }[] = [];

  constructor(
    private readonly model: SegmentationModel,
    private readonly gate: QueryGate,
  ) {}

  get description(): ModelDescription {
    return this.model.description;
  }

  async admit(queries: number, signal?: AbortSignal): Promise<void> {
    this.#admitted.push({ queries, leave: await this.#enter(queries, signal) });
  }

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    const at = this.#admitted.findIndex(({ queries }) => queries === images.length);
    const leave = at < 0 ? await this.#enter(images.length, signal) : this.#admitted.splice(at, 1)[0].leave;
    let answered = false;
    try {
      const maps = await this.model.segment(images, prompts, signal);
      answered = true;
      return maps;
    } finally {
      await leave(answered);
    }
  }

  close(): Promise<void> {
    return this.model.close();
  }

  #enter(queries: number, signal: AbortSignal | undefined): Promise<Leave> {
    const { remote } = this.description;
    return this.gate.enter(remote === undefined ? { queries } : { queries, remote }, signal);
  }
}
