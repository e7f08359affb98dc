import type { ModelDescription, Prompt, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";

/** A black box that knows how long it was at work; calls that overlap count once. */
export class StopwatchModel implements SegmentationModel {
  #finished = 0;
  #pending = 0;
  #since = 0;

  constructor(private readonly model: SegmentationModel) {}

  get description(): ModelDescription {
    return this.model.description;
  }

  /** With at least one call pending, in all so far. Read it while none is. */
  get milliseconds(): number {
    return this.#finished;
  }

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    if (this.#pending++ === 0) this.#since = performance.now();
    try {
      return await this.model.segment(images, prompts, signal);
    } finally {
      if (--this.#pending === 0) this.#finished += performance.now() - this.#since;
    }
  }

  close(): Promise<void> {
    return this.model.close();
  }
}
