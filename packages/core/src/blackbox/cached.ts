import type { Image, ProbabilityMap } from "../image/image.js";
import { type AnswerCache, answerKey } from "./answer-cache.js";
import { checkCounts } from "./batches.js";
import type { ModelDescription, Prompt, SegmentationModel } from "./model.js";

/**
 * A black box that is asked each question once: for evaluation sets, which do not change. Put it around a
 * `MeteredModel`, so that an answer that was kept costs no query.
 */
export class CachedModel implements SegmentationModel {
  constructor(
    private readonly model: SegmentationModel,
    private readonly answers: AnswerCache,
  ) {}

  get description(): ModelDescription {
    return this.model.description;
  }

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    checkCounts(images, prompts);
    signal?.throwIfAborted();
    const keys = images.map((image, i) => answerKey(this.description.identity, image, prompts[i]));
    const known = new Map<string, ProbabilityMap>();
    const missing = new Map<string, number>();
    for (const [i, key] of keys.entries()) {
      if (known.has(key) || missing.has(key)) continue;
      const kept = await this.answers.get(key);
      if (kept) known.set(key, kept);
      else missing.set(key, i);
    }
    const asked = [...missing.values()];
    // Batch by batch: what was answered is kept also when a later one fails.
    const { maxBatch, concurrency } = this.description;
    const size = maxBatch * concurrency;
    for (let start = 0; start < asked.length; start += size) {
      const part = asked.slice(start, start + size);
      const answered = await this.model.segment(
        part.map((i) => images[i]),
        part.map((i) => prompts[i]),
        signal,
      );
      for (const [j, map] of answered.entries()) {
        known.set(keys[part[j]], map);
        await this.answers.set(keys[part[j]], map);
      }
    }
    return keys.map((key, i) => {
      const map = known.get(key) as ProbabilityMap;
      // Two that asked the same get an answer each.
      return keys.indexOf(key) === i ? map : { ...map, data: map.data.slice() };
    });
  }

  close(): Promise<void> {
    return this.model.close();
  }
}
