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
  /** Whether the site trains towards the shared decoder, rather than by itself. */
  readonly shared: boolean;
}

/** A stretch of a site's training, with the trainer that its kind of decoder has. */
export function sitePhase(init: SitePhaseInit): Phase {
  const { steps, parts, shared, samples, ...common } = init;
  const settings = preset(init.preset, steps);
  if (init.decoder.kind !== "texture")
    return { preset: settings, steps, parts, trainer: new LocalTrainer({ ...common, preset: settings }) };
  const ends = Array.from({ length: parts }, (_, part) => stepsAfter(steps, part + 1, parts));
  const trainer = new TextureTrainer({
    ...common,
    samples,
    pollOf: (step) => (shared ? sharedPoll(step, ends) : ownPoll(step, steps)),
    // A shared head is averaged every round; a site's own is trained once: the textures do not change what it learns.
    trainsHead: (step) => step === 0 || (shared && ends.includes(step)),
    ownHead: !shared,
  });
  return { preset: settings, steps, parts, trainer };
}
