import { stepsAfter } from "./budget-plan.js";
import { LocalTrainer, type LocalTrainerInit } from "./local-trainer.js";
import type { Phase } from "./phase.js";
import { type PresetName, preset } from "./presets.js";
import { ownPoll, sharedPoll } from "./texture-poll.js";
import { TextureTrainer, type TextureTrainerInit } from "./texture-trainer.js";

export interface SitePhaseInit extends Omit<LocalTrainerInit, "preset">, Pick<TextureTrainerInit, "samples"> {
  readonly preset: PresetName;
  readonly steps: number;
  readonly parts: number;
  /** Whether the site trains by itself in this phase, rather than towards the shared decoder. */
  readonly alone: boolean;
}

/** A stretch of a site's training, with the trainer that its kind of decoder has. */
export function sitePhase(init: SitePhaseInit): Phase {
  const { steps, parts, alone, samples, ...common } = init;
  const settings = preset(init.preset, steps);
  if (init.decoder.kind !== "texture")
    return { preset: settings, steps, parts, trainer: new LocalTrainer({ ...common, preset: settings }) };
  const ends = Array.from({ length: parts }, (_, part) => stepsAfter(steps, part + 1, parts));
  const trainer = new TextureTrainer({
    ...common,
    samples,
    pollOf: (step) => (alone ? ownPoll(step, steps) : sharedPoll(step, ends)),
    begins: (step) => step === 0 || ends.includes(step),
  });
  return { preset: settings, steps, parts, trainer };
}
