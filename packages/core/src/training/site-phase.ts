import { stepsAfter } from "./budget-plan.js";
import { LocalTrainer, type LocalTrainerInit } from "./local-trainer.js";
import type { Phase } from "./phase.js";
import { type PresetName, preset } from "./presets.js";
import { generationOf } from "./texture-search.js";
import { TextureTrainer, type TextureTrainerInit } from "./texture-trainer.js";

export interface SitePhaseInit extends Omit<LocalTrainerInit, "preset">, Pick<TextureTrainerInit, "samples"> {
  readonly preset: PresetName;
  readonly steps: number;
  readonly parts: number;
  /** `rounds`: towards the shared decoder. `alone`: without one. `tuning`: by itself, from the shared decoder. */
  readonly stage: "rounds" | "alone" | "tuning";
}

/** Steps after which textures are of some use. */
const EARLY = 32;

/** A stretch of a site's training, with the trainer that its kind of decoder has. */
export function sitePhase(init: SitePhaseInit): Phase {
  const { steps, parts, stage, samples, ...common } = init;
  const shared = stage === "rounds";
  const even = Array.from({ length: parts }, (_, part) => stepsAfter(steps, part + 1, parts));
  const settings = preset(init.preset, steps);
  if (init.decoder.kind !== "texture")
    return { preset: settings, ends: even, trainer: new LocalTrainer({ ...common, preset: settings }) };
  const ends = stage === "alone" ? earlyFirst(even) : even;
  const trainer = new TextureTrainer({
    ...common,
    samples,
    generationOf: (step) => generationOf(step, ends, stage !== "tuning"),
    // A shared head is averaged every round; a site's own is trained once: the textures do not change what it learns.
    trainsHead: (step) => step === 0 || (shared && ends.includes(step)),
    ownHead: !shared,
  });
  return { preset: settings, ends, trainer };
}

/** A site alone has a first decoder to measure early, however large its budget is. */
function earlyFirst([first, ...others]: readonly number[]): number[] {
  return [Math.min(first, EARLY), ...others];
}
