import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import type { DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { sharedGuide } from "@fedbaps/core/guide/guide.js";
import { startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { gatherHeadSamples } from "@fedbaps/core/training/head-samples.js";
import { queriesPerStep } from "@fedbaps/core/training/presets.js";
import { sitePhase } from "@fedbaps/core/training/site-phase.js";
import { StopwatchModel } from "./stopwatch-model.js";

const CACHE_BYTES = 1e9;

/** One black box with one decoder, being trained as a site does it. */
export interface TrainingRun {
  readonly blackbox: string;
  readonly decoder: DecoderKind;
  readonly threads: number;
  readonly queriesPerStep: number;
  /** Milliseconds inside the black box, of every step so far. */
  readonly insideMs: readonly number[];
  step(): Promise<void>;
  close(): Promise<void>;
}

export interface TrainingRunInit {
  readonly blackbox: string;
  readonly decoder: DecoderKind;
  /** Steps planned. */
  readonly steps: number;
  readonly train: readonly Sample[];
  readonly seed: number;
  /** CPU threads of the black box. Default 1. */
  readonly threads?: number;
}

/**
 * Opens everything and reads all pictures: that happens once per image, not once per step. A decoder with a head learns
 * it in its first step, which is therefore longer than the others.
 */
export async function openTrainingRun(init: TrainingRunInit): Promise<TrainingRun> {
  const { blackbox, train, seed, steps, threads = 1 } = init;
  const decoder = await openDecoder(init.decoder, "wasm");
  const model = new StopwatchModel(await openBlackBox(blackbox, { threads }));
  const metered = new MeteredModel(model, new QueryMeter(Number.POSITIVE_INFINITY, systemClock), "train");
  const cases = new CaseCache(decoder, model.description, CACHE_BYTES);
  await cases.all(train);
  const common = { decoder, model: metered, cases, train, seed, site: "bench" };
  const { trainer, preset } = sitePhase({
    ...{ ...common, preset: "adam", steps, parts: 1, stage: "alone" },
    samples: async (signal) =>
      gatherHeadSamples({ ...common, signal, guide: await sharedGuide(), load: (sample) => cases.get(sample) }),
  });
  const insideMs: number[] = [];
  let state = startOptimizer(preset.optimizer, decoder.initial(seed));
  return {
    blackbox,
    decoder: init.decoder,
    threads,
    queriesPerStep: queriesPerStep(preset, decoder.kind),
    insideMs,
    async step() {
      const before = model.milliseconds;
      ({ state } = await trainer.step(state));
      insideMs.push(model.milliseconds - before);
    },
    async close() {
      cases.clear();
      await model.close();
    },
  };
}
