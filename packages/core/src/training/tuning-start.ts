import type { DecoderKind } from "../decoder/parameters.js";

/**
 * The version that a site's own fine-tuning begins with. Where no shared one is better than zero-shot that is zero-shot; but
 * textures that the cohort has found for the black box serve a site whose head is not good enough yet.
 * @param leader of the shared versions, the one with the highest mean; 0 where that is zero-shot.
 */
export function tuningStart({ rounds, decoder }: { rounds: number; decoder: DecoderKind }, leader: number): number {
  return leader === 0 && decoder === "texture" ? rounds : leader;
}
