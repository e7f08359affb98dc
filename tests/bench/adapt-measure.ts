import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { evaluate, type ImageScore } from "@fedbaps/core/training/evaluate.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";

const CACHE_BYTES = 3e8;

/** Measures versions beside a run, with a black box of its own: what it asks is in nobody's budget. */
export interface UnmeteredMeasure {
  /** With the site's fixed clicks; without `theta`, zero-shot. */
  scores(samples: readonly Sample[], theta?: Float32Array): Promise<ImageScore[]>;
  close(): Promise<void>;
}

/** @param training whose decoder draws; stays open as long as this is used */
export async function openMeasure(init: {
  readonly blackbox: string;
  readonly training: SiteTraining;
  readonly clicks: number;
  readonly seed: number;
}): Promise<UnmeteredMeasure> {
  const { training, clicks, seed } = init;
  const model = await openBlackBox(init.blackbox, { threads: 1 });
  const { decoder } = training;
  const cases = new CaseCache(decoder, model.description, CACHE_BYTES);
  return {
    scores: (samples, theta) => evaluate({ decoder, model, cases, clicks, seed }, samples, theta),
    async close() {
      cases.clear();
      await model.close();
    },
  };
}
