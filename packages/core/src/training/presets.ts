import type { DecoderKind } from "../decoder/parameters.js";
import { cosineGains, steppedGains } from "../optimizer/gain-sequence.js";
import type { OptimizerSettings } from "../optimizer/spsa-gc.js";
import { OFFSPRING } from "./texture-search.js";

export const PRESET_NAMES = ["adam", "paper"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The decoder that goes with a preset where none is named: BAPS as published has its own kind. */
export function decoderOf(name: PresetName): DecoderKind {
  return name === "paper" ? "baps" : "texture";
}

/** What is wrong with a preset for a decoder; undefined where they go together. */
export function mismatch(name: PresetName, decoder: DecoderKind): string | undefined {
  return name === "paper" && decoder === "texture"
    ? "the preset paper trains every parameter of a decoder, which texture is not made for; use the decoder baps"
    : undefined;
}

export interface Preset {
  readonly optimizer: OptimizerSettings;
  /** Images that judge one pair of candidates. */
  readonly imagesPerPair: number;
  /** `true`: all pairs of a step share the same images; `false`: each pair has images of its own. */
  readonly sharedImages: boolean;
}

/**
 * The optimiser's settings.
 * - `adam` (default): +-1 directions, each judged on an image of its own, Adam-scaled, cosine decay.
 * - `paper`: BAPS's optimiser with the gains of its published configuration (q = 5, batch 4, magnitudes in [0.5, 1], beta
 *   0.4, stepped decay), untuned for our decoders and encoder: the baseline.
 * @param steps planned over the whole run, for the decay.
 */
export function preset(name: PresetName, steps: number): Preset {
  if (name === "paper")
    return {
      optimizer: {
        update: "gradient-correction",
        perturbation: "segmented-uniform",
        directions: 5,
        gains: steppedGains({ a: 1, c: 0.01, gamma: 0.1 }),
        beta: 0.4,
      },
      imagesPerPair: 4,
      sharedImages: true,
    };
  return {
    optimizer: {
      update: "adam",
      perturbation: "rademacher",
      directions: 8,
      gains: cosineGains({ a: 0.15, steps, floor: 0.1, c: 0.4, gamma: 0 }),
      beta: 0.9,
      beta2: 0.99,
    },
    imagesPerPair: 1,
    sharedImages: false,
  };
}

/** Black-box queries of one step: two per pair and image; a texture decoder's step judges its candidates on one image. */
export function queriesPerStep({ optimizer, imagesPerPair }: Preset, decoder: DecoderKind): number {
  if (decoder === "texture") return OFFSPRING;
  return 2 * optimizer.directions * imagesPerPair;
}
