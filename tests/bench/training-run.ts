import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import type { DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { LocalTrainer } from "@fedbaps/core/training/local-trainer.js";
import type { Preset } from "@fedbaps/core/training/presets.js";
import { StopwatchModel } from "./stopwatch-model.js";

const CACHE_BYTES = 1e9;

/** One black box with one decoder, being trained as a site does it. */
export interface TrainingRun {
  readonly blackbox: string;
  readonly decoder: DecoderKind;
  /** Milliseconds inside the black box, of every step so far. */
  readonly insideMs: readonly number[];
  step(): Promise<void>;
  close(): Promise<void>;
}

/** Opens everything and reads all pictures: that happens once per image, not once per step. */
export async function openTrainingRun(init: {
  blackbox: string;
  decoder: DecoderKind;
  settings: Preset;
  train: readonly Sample[];
  seed: number;
}): Promise<TrainingRun> {
  const { blackbox, settings, train, seed } = init;
  const decoder = await openDecoder(init.decoder, "wasm");
  const model = new StopwatchModel(await openBlackBox(blackbox));
  const metered = new MeteredModel(model, new QueryMeter(Number.POSITIVE_INFINITY, systemClock), "train");
  const cases = new CaseCache(decoder, model.description, CACHE_BYTES);
  await cases.all(train);
  const trainer = new LocalTrainer({ decoder, model: metered, cases, train, preset: settings, seed, site: "bench" });
  const insideMs: number[] = [];
  let state = startOptimizer(settings.optimizer, decoder.initial(seed));
  return {
    blackbox,
    decoder: init.decoder,
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
