import { fromBase64 } from "../common/bytes.js";
import type { Cohort, KeyAdvertisement, Member, SurvivorSignature } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";
import { verify } from "./keys.js";
import { advertisementTranscript, survivorTranscript } from "./transcripts.js";

/** A cohort, its hash and its members by name: what every check needs. */
export interface Roster {
  readonly cohort: Cohort;
  readonly hash: string;
  readonly members: ReadonlyMap<string, Member>;
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
    for (const key of [advertisement.shareKey, advertisement.maskKey]) {
      if (keys.has(key))
        throw new SecAggError("REUSED_KEY", `${advertisement.site} advertises a key that is there already`, {
          site: advertisement.site,
        });
      keys.add(key);
    }
  }
  return new Map(advertisements.map((advertisement) => [advertisement.site, advertisement]));
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

/** SHA-256-ready view of a vector's own bytes. */
export function bytesOf(vector: Uint32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
