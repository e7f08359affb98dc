import { stepsAfter } from "./budget-plan.js";
import { LocalTrainer, type LocalTrainerInit } from "./local-trainer.js";
import type { Phase } from "./phase.js";
import { type PresetName, preset } from "./presets.js";
import { ownPoll, sharedPoll } from "./texture-poll.js";
import { type HeadPlan, TextureTrainer, type TextureTrainerInit } from "./texture-trainer.js";

/** What a site trains: the shared decoder, its own from the first step, or its own from where the cohort came. */
export type Role = "shared" | "alone" | "fine-tuning";

/** A shared head is averaged every round; a site's own is trained once, as the textures do not change what it learns. */
const HEADS: Readonly<Record<Role, HeadPlan>> = {
  shared: { steps: 150, fitted: false },
  alone: { steps: 600, fitted: true },
  "fine-tuning": { steps: 600, fitted: true },
};

export interface SitePhaseInit extends Omit<LocalTrainerInit, "preset">, Pick<TextureTrainerInit, "samples"> {
  readonly preset: PresetName;
  readonly steps: number;
  readonly parts: number;
  readonly role: Role;
}

/** A stretch of a site's training, with the trainer that its kind of decoder has. */
export function sitePhase(init: SitePhaseInit): Phase {
  const { steps, parts, role, samples, ...common } = init;
  const settings = preset(init.preset, steps);
  if (init.decoder.kind !== "texture")
    return { preset: settings, steps, parts, trainer: new LocalTrainer({ ...common, preset: settings }) };
  const ends = Array.from({ length: parts }, (_, part) => stepsAfter(steps, part + 1, parts));
  const trainer = new TextureTrainer({
    ...common,
    samples,
    pollOf: (step) => (role === "shared" ? sharedPoll(step, ends) : ownPoll(step, steps)),
    begins: (step) => step === 0 || (role === "shared" && ends.includes(step)),
    head: HEADS[role],
  });
  return { preset: settings, steps, parts, trainer };
}
