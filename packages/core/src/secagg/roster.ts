import { concatBytes, fromBase64, toBase64, transcript } from "../common/bytes.js";
import { canonicalJson, sha256Hex } from "../common/hash.js";
import { PROTOCOL_VERSION } from "../wire/primitives.js";
import type { Roster, SignedRoster } from "../wire/roster.js";
import type { Member } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";
import { type KeyPair, sign, verify } from "./keys.js";
import { wordsOf } from "./words.js";

/** SHA-256 of a roster: what sites accept, and what every cohort and signature binds. */
export function rosterHash(roster: Roster): string {
  return sha256Hex("fedbaps/roster/1", canonicalJson(roster));
}

/** What two people compare before a site accepts a roster: of its hash, so of every site and key in it and of the lead. */
export function rosterWords(roster: Roster): string {
  return wordsOf("roster", Buffer.from(rosterHash(roster), "hex"));
}

/**
 * What two people compare to know a site: of both its keys. The lead compares them before signing: with another box key in
 * the roster, the key that seals the sums would be dealt to whoever holds that.
 */
export function siteWords({ signKey, boxKey }: Pick<Member, "signKey" | "boxKey">): string {
  return wordsOf("site", concatBytes(fromBase64(signKey), fromBase64(boxKey)));
}

/** What two people compare to know the study lead's key. */
export function keyWords(publicKeyBase64: string): string {
  return wordsOf("key", fromBase64(publicKeyBase64));
}

function rosterTranscript(roster: Roster, version: number = PROTOCOL_VERSION): Uint8Array {
  return transcript("fedbaps/roster", version, rosterHash(roster));
}

/**
 * The next version of a roster, signed by the study lead.
 * @param members in any order. @param lead Ed25519. @param before the version that it follows, if there is one.
 * @throws SecAggError BAD_ROSTER for members that no cohort can be made of, or another lead than before.
 */
export function signRoster(members: readonly Member[], lead: KeyPair, before?: Roster): SignedRoster {
  const key = toBase64(lead.publicKey);
  if (before && before.lead !== key)
    throw new SecAggError("BAD_ROSTER", "this key is not the one that signed the roster before; use that key");
  const roster: Roster = {
    format: "fedbaps-roster/1",
    version: (before?.version ?? 0) + 1,
    previous: before ? rosterHash(before) : null,
    lead: key,
    members: [...members].sort((a, b) => (a.site < b.site ? -1 : 1)),
  };
  checkMembers(roster);
  return { roster, signature: sign(rosterTranscript(roster), lead.secretKey) };
}

/**
 * Checks a roster by itself: signed by the key that it names, sites sorted, every key there once.
 * @param version of the protocol under which it was signed, for rosters that are kept.
 * @throws SecAggError BAD_ROSTER or BAD_SIGNATURE
 */
export function checkRoster({ roster, signature }: SignedRoster, version: number = PROTOCOL_VERSION): void {
  checkMembers(roster);
  if (!verify(rosterTranscript(roster, version), signature, roster.lead))
    throw new SecAggError(
      "BAD_SIGNATURE",
      "the roster is not signed by the study lead that it names: do not accept it",
    );
}

/**
 * Checks that a roster may take the place of one that was accepted: the same lead, the next version or a later one, and,
 * where it is the next, its successor by hash.
 * @throws SecAggError BAD_ROSTER
 */
export function checkSuccessor(next: Roster, accepted: Roster): void {
  if (next.lead !== accepted.lead)
    throw new SecAggError("BAD_ROSTER", "the new roster names another study lead than the one accepted here: refused");
  if (next.version <= accepted.version && rosterHash(next) !== rosterHash(accepted))
    throw new SecAggError("BAD_ROSTER", `version ${next.version} of the roster is not newer than ${accepted.version}`);
  if (next.version === accepted.version + 1 && next.previous !== rosterHash(accepted))
    throw new SecAggError("BAD_ROSTER", `version ${next.version} of the roster does not follow the one accepted here`);
}

/**
 * Checks a cohort against the roster that a site accepted: made under exactly this roster, and nobody in it who is not
 * in the roster with the same keys.
 * @throws SecAggError BAD_COHORT
 */
export function checkAgainstRoster(
  cohort: { readonly rosterHash: string; readonly members: readonly Member[] },
  roster: Roster,
): void {
  if (cohort.rosterHash !== rosterHash(roster))
    throw new SecAggError("BAD_COHORT", "this cohort is made under another roster than the one accepted here", {
      rosterHash: cohort.rosterHash,
    });
  for (const member of cohort.members) {
    const known = roster.members.find(({ site }) => site === member.site);
    if (!known) throw new SecAggError("BAD_COHORT", `${member.site} is not in the roster`, { site: member.site });
    if (known.signKey !== member.signKey || known.boxKey !== member.boxKey)
      throw new SecAggError("BAD_COHORT", `${member.site} has other keys than the roster gives it: do not take part`, {
        site: member.site,
      });
  }
}

function checkMembers({ members }: Roster): void {
  const refuse = (problem: string): never => {
    throw new SecAggError("BAD_ROSTER", `this roster is refused: ${problem}`);
  };
  for (let i = 1; i < members.length; i++)
    if (members[i - 1].site >= members[i].site)
      refuse(`its sites must be sorted and named once, but ${members[i].site} follows ${members[i - 1].site}`);
  const keys = members.flatMap(({ signKey, boxKey }) => [signKey, boxKey]);
  if (new Set(keys).size !== keys.length) refuse("two of its public keys are the same");
  if (members.length < 3) refuse(`it names ${members.length} sites; a sum needs at least 3`);
}
