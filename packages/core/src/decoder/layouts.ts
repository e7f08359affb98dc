import { bapsLayout } from "./baps-layout.js";
import { filterBankLayout } from "./filter-bank-layout.js";
import type { DecoderKind, ParameterLayout } from "./parameters.js";
import { textureLayout } from "./texture-layout.js";

const LAYOUTS: Readonly<Record<DecoderKind, ParameterLayout>> = {
  texture: textureLayout,
  "filter-bank": filterBankLayout,
  baps: bapsLayout,
};

/** The layout of a decoder kind. Needs no tensor library: the coordinator sizes vectors by it. */
export function decoderLayout(kind: DecoderKind): ParameterLayout {
  return LAYOUTS[kind];
}

export function parameterCount(kind: DecoderKind): number {
  return decoderLayout(kind).length;
}
