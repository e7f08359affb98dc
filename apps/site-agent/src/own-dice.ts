import type { SiteDice } from "@fedbaps/core/wire/messages.js";
import type { Policy } from "./policy.js";
import type { StudyWork } from "./study-work.js";

/**
 * How good a version of the decoder, and the plain black box, are on this site's own validation images; nothing unless
 * its policy lets its own figures leave.
 */
export function ownDice(policy: Policy, work: Pick<StudyWork, "valDice">, version: number): { dice?: SiteDice } {
  const [valDice, zeroShotValDice] = [work.valDice(version), work.valDice(0)];
  if (policy.metrics !== "own" || valDice === undefined || zeroShotValDice === undefined) return {};
  return { dice: { valDice, zeroShotValDice } };
}
