import type { Image, ProbabilityMap } from "../image/image.js";
import { BlackBoxError, type Prompt } from "./model.js";

/** @throws BlackBoxError BLACKBOX_INPUT */
export function checkCounts(images: readonly Image[], prompts: readonly Prompt[]): void {
  if (images.length !== prompts.length)
    throw new BlackBoxError("BLACKBOX_INPUT", `${images.length} images came with ${prompts.length} prompts`);
}

/** Segments one batch. */
export type SegmentBatch = (images: readonly Image[], prompts: readonly Prompt[]) => Promise<readonly ProbabilityMap[]>;

export interface BatchLimits {
  /** Images in one batch at most. */
  readonly size: number;
  /** Batches that may be under way at once. */
  readonly concurrency: number;
  /** Batches are made equal, so that all that may be under way are; else each is as large as may be. */
  readonly spread?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Cuts a call into batches of at most `size` and runs up to `concurrency` of them at once; answers in the images' order.
 * When one fails or the signal is aborted no further batch begins, and those under way are waited for before the first
 * error is thrown: whoever counts answers sees all of them.
 * @throws BlackBoxError BLACKBOX_INPUT when there are not as many prompts as images; what a batch throws; the signal's reason.
 */
export async function inBatches(
  images: readonly Image[],
  prompts: readonly Prompt[],
  limits: BatchLimits,
  segment: SegmentBatch,
): Promise<ProbabilityMap[]> {
  checkCounts(images, prompts);
  const { concurrency, signal } = limits;
  const size = limits.spread ? evenSize(images.length, limits) : limits.size;
  const maps = new Array<ProbabilityMap>(images.length);
  let next = 0;
  let failure: { error: unknown } | undefined;
  const work = async () => {
    while (next < images.length && !failure) {
      const start = next;
      next += size;
      try {
        signal?.throwIfAborted();
        const answered = await segment(images.slice(start, start + size), prompts.slice(start, start + size));
        for (const [i, map] of answered.entries()) maps[start + i] = map;
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (failure) throw failure.error;
  return maps;
}

/** Of batches that are asked in as few turns as may be, each turn as many at once as may be. */
function evenSize(images: number, { size, concurrency }: BatchLimits): number {
  const turns = Math.max(1, Math.ceil(images / (size * concurrency)));
  return Math.max(1, Math.ceil(images / (turns * concurrency)));
}
