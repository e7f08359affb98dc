import type { DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import type { PresetName } from "@fedbaps/core/training/presets.js";

export interface Method {
  readonly decoder: DecoderKind;
  readonly preset: PresetName;
}

/** The methods compared, by name. `default` is what `fedbaps-site adapt` does unless told otherwise. */
export const METHODS: Readonly<Record<string, Method>> = {
  default: { decoder: "texture", preset: "adam" },
  paper: { decoder: "baps", preset: "paper" },
  "filter-bank": { decoder: "filter-bank", preset: "adam" },
  "baps-adam": { decoder: "baps", preset: "adam" },
};

export const METHOD_NAMES = Object.keys(METHODS);
