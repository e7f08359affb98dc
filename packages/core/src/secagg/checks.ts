import { fromBase64 } from "../common/bytes.js";
import type { Cohort, KeyAdvertisement, Member, SealedShares, SurvivorSignature } from "../wire/secagg-messages.js";
import { cohortHash } from "./cohort.js";
import { SecAggError } from "./errors.js";
import { verify } from "./keys.js";
import { advertisementTranscript, survivorTranscript } from "./transcripts.js";

/** A cohort, its hash and its members by name: what every check needs. */
export interface Roster {
  readonly cohort: Cohort;
  readonly hash: string;
  readonly members: ReadonlyMap<string, Member>;
}

/** Copies the cohort, so that nobody changes it under way. */
export function rosterOf(cohort: Cohort): Roster {
  const copy = structuredClone(cohort);
  return {
    cohort: copy,
    hash: cohortHash(copy),
    members: new Map(copy.members.map((member) => [member.site, member])),
  };
}

/** A member of the cohort. @throws SecAggError UNKNOWN_SITE */
export function requireMember(roster: Roster, site: string): Member {
  const member = roster.members.get(site);
  if (!member) throw new SecAggError("UNKNOWN_SITE", `${site} is not in this round's cohort`, { site });
  return member;
}

/** Refuses the second of two entries of one site. @throws SecAggError DUPLICATE_SITE */
export function requireUnique(sites: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const site of sites) {
    if (seen.has(site)) throw new SecAggError("DUPLICATE_SITE", `${what} name ${site} twice`, { site });
    seen.add(site);
  }
}

/** @throws SecAggError TOO_FEW_SITES */
export function requireEnough(count: number, needed: number, what: string): void {
  if (count < needed)
    throw new SecAggError("TOO_FEW_SITES", `${what}: ${count} of at least ${needed} sites`, { count, needed });
}

/** @throws SecAggError UNKNOWN_SITE, BAD_SIGNATURE or BAD_KEY */
export function checkAdvertisement(roster: Roster, message: KeyAdvertisement): void {
  const member = requireMember(roster, message.site);
  const { site } = message;
  if (!verify(advertisementTranscript(roster.cohort, roster.hash, message), message.signature, member.signKey))
    throw new SecAggError("BAD_SIGNATURE", `the keys of ${site} are not signed by ${site} for this attempt`, { site });
  if (fromBase64(message.shareKey).length !== 32 || fromBase64(message.maskKey).length !== 32)
    throw new SecAggError("BAD_KEY", `a key of ${site} does not have 32 bytes`, { site });
}

/** Adds both keys to those seen. @throws SecAggError REUSED_KEY where one is among them already */
export function requireNewKeys({ site, shareKey, maskKey }: KeyAdvertisement, seen: Set<string>): void {
  if (seen.has(shareKey) || seen.has(maskKey) || shareKey === maskKey)
    throw new SecAggError("REUSED_KEY", `${site} advertises a key that is there already`, { site });
  seen.add(shareKey).add(maskKey);
}

/**
 * A whole list of advertisements, as a site gets it (Bonawitz et al., figure 4, round 1: enough of them, all signed, all
 * keys different).
 * @throws SecAggError TOO_FEW_SITES, DUPLICATE_SITE, UNKNOWN_SITE, BAD_SIGNATURE, BAD_KEY or REUSED_KEY
 */
export function checkAdvertisements(
  roster: Roster,
  advertisements: readonly KeyAdvertisement[],
): Map<string, KeyAdvertisement> {
  requireUnique(
    advertisements.map(({ site }) => site),
    "the advertised keys",
  );
  requireEnough(advertisements.length, roster.cohort.minSurvivors, "advertised keys");
  const keys = new Set<string>();
  for (const advertisement of advertisements) {
    checkAdvertisement(roster, advertisement);
    requireNewKeys(advertisement, keys);
  }
  return new Map(advertisements.map((advertisement) => [advertisement.site, advertisement]));
}

/**
 * Sealed shares as a site gets them: addressed to it, one from each of enough other sites whose keys it knows.
 * @throws SecAggError TOO_FEW_SITES, DUPLICATE_SITE, UNKNOWN_SITE or BAD_BOX
 */
export function checkDelivery(
  shares: readonly SealedShares[],
  { to, advertised, minSurvivors }: { to: string; advertised: ReadonlyMap<string, unknown>; minSurvivors: number },
): void {
  requireUnique(
    shares.map(({ from }) => from),
    "the sealed shares",
  );
  // The site's own shares need no delivery.
  requireEnough(shares.length + 1, minSurvivors, "shares dealt");
  for (const { from, to: addressee } of shares) {
    if (from === to || !advertised.has(from))
      throw new SecAggError("UNKNOWN_SITE", `shares from ${from}, who has no place in this phase`, { site: from });
    if (addressee !== to)
      throw new SecAggError("BAD_BOX", `shares addressed to ${addressee} were delivered to ${to}`, { from });
  }
}

/**
 * At least `threshold` signatures of different survivors over the same lists.
 * @throws SecAggError DUPLICATE_SITE, UNKNOWN_SITE, BAD_SIGNATURE or TOO_FEW_SIGNATURES
 */
export function checkSurvivorSignatures(
  roster: Roster,
  lists: { survivors: readonly string[]; dropped: readonly string[] },
  signatures: readonly SurvivorSignature[],
): void {
  requireUnique(
    signatures.map(({ site }) => site),
    "the survivors' signatures",
  );
  const message = survivorTranscript(roster.cohort, roster.hash, lists.survivors, lists.dropped);
  for (const { site, signature } of signatures) {
    if (!lists.survivors.includes(site))
      throw new SecAggError("UNKNOWN_SITE", `${site} signed the list of survivors without being on it`, { site });
    if (!verify(message, signature, requireMember(roster, site).signKey))
      throw new SecAggError("BAD_SIGNATURE", `${site} did not sign this list of survivors`, { site });
  }
  const { threshold } = roster.cohort;
  if (signatures.length < threshold)
    throw new SecAggError(
      "TOO_FEW_SIGNATURES",
      `${signatures.length} sites signed the list of survivors, ${threshold} must: nothing is revealed`,
      { count: signatures.length, needed: threshold },
    );
}

/** Whether two lists name the same sites in the same order. */
export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((site, i) => site === b[i]);
}
