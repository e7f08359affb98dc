import { bapsLayout } from "./baps-layout.js";
import { filterBankLayout } from "./filter-bank-layout.js";
import type { DecoderKind, ParameterLayout } from "./parameters.js";

/** The layout of a decoder kind. Needs no tensor library: the coordinator sizes vectors by it. */
export function decoderLayout(kind: DecoderKind): ParameterLayout {
  return kind === "baps" ? bapsLayout : filterBankLayout;
}

export function parameterCount(kind: DecoderKind): number {
  return decoderLayout(kind).length;
}
