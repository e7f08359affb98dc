import { toBase64 } from "../common/bytes.js";
import { canonicalJson, sha256Hex } from "../common/hash.js";
import type { Cohort } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";
import type { Identity } from "./keys.js";

/** With two sites, each would read the other's input off the sum. */
const SMALLEST_COHORT = 3;
const LARGEST_COHORT = 200;

/**
 * t = floor(2n/3) + 1: the smallest threshold with which a malicious coordinator that holds fewer than n/3 sites cannot
 * make two groups of t honest sites each sign a list of its own (Bonawitz et al., section 6.2). It is the default, and
 * the least that a site accepts.
 */
export function defaultThreshold(cohortSize: number): number {
  return Math.floor((2 * cohortSize) / 3) + 1;
}

/** SHA-256 of everything that all parties of a sum must agree on; every signature binds it. */
export function cohortHash(cohort: Cohort): string {
  return sha256Hex("fedbaps/cohort/1", canonicalJson(cohort));
}

/**
 * Refuses a cohort under which the protocol would not protect anybody.
 * @param cohort parsed by its wire schema.
 * @throws SecAggError BAD_COHORT
 */
export function checkCohort(cohort: Cohort): void {
  const { members, threshold, minSurvivors } = cohort;
  const size = members.length;
  const refuse = (problem: string): never => {
    throw new SecAggError("BAD_COHORT", `this cohort is refused: ${problem}`, { ...cohort.reference });
  };
  if (size < SMALLEST_COHORT || size > LARGEST_COHORT)
    refuse(`it has ${size} sites; a sum needs ${SMALLEST_COHORT} to ${LARGEST_COHORT}`);
  for (let i = 1; i < size; i++)
    if (members[i - 1].site >= members[i].site)
      refuse(`its sites must be sorted and named once, but ${members[i].site} follows ${members[i - 1].site}`);
  const keys = members.flatMap((member) => [member.signKey, member.boxKey]);
  if (new Set(keys).size !== keys.length) refuse("two of its public keys are the same");
  if (!Number.isInteger(threshold) || threshold < defaultThreshold(size) || threshold > size)
    refuse(`threshold ${threshold} is not within ${defaultThreshold(size)} to ${size}`);
  if (!Number.isInteger(minSurvivors) || minSurvivors < threshold || minSurvivors > size)
    refuse(`minSurvivors ${minSurvivors} is not within ${threshold} (the threshold) to ${size}`);
  if (!Number.isInteger(cohort.length) || cohort.length < 1) refuse(`its vectors have ${cohort.length} elements`);
}

/**
 * Whether a site is in the cohort with the keys that it holds itself.
 * @throws SecAggError BAD_COHORT
 */
export function checkMembership(cohort: Cohort, identity: Identity): void {
  const { site } = identity;
  const member = cohort.members.find((candidate) => candidate.site === site);
  if (!member) throw new SecAggError("BAD_COHORT", `this cohort does not name the site ${site}`, { site });
  if (member.signKey !== toBase64(identity.sign.publicKey) || member.boxKey !== toBase64(identity.box.publicKey))
    throw new SecAggError("BAD_COHORT", `this cohort gives ${site} other keys than its own: do not take part`, {
      site,
    });
}
