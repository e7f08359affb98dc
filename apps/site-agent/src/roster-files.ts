import { checkRoster, checkSuccessor, rosterHash } from "@fedbaps/core/secagg/roster.js";
import { type Roster, type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";

const acceptedSchema = z.strictObject({
  format: z.literal("fedbaps-accepted-roster/1"),
  signed: signedRosterSchema,
  acceptedAt: z.string(),
});
const offeredSchema = z.strictObject({
  format: z.literal("fedbaps-offered-roster/1"),
  signed: signedRosterSchema.nullable(),
});

/** The roster that this site accepted: with nobody else, and with no other keys, it makes a sum. */
export async function acceptedRoster(home: Home): Promise<Roster | undefined> {
  const stored = await readJson(home.roster, acceptedSchema);
  if (!stored) return undefined;
  checkRoster(stored.signed);
  return stored.signed.roster;
}

/** Keeps what the coordinator offered last; one whose signature is wrong is not kept. */
export async function saveOfferedRoster(home: Home, signed: SignedRoster | null): Promise<void> {
  if (signed) checkRoster(signed);
  await writeJson(home.offeredRoster, { format: "fedbaps-offered-roster/1", signed });
}

export async function offeredRoster(home: Home): Promise<SignedRoster | undefined> {
  return (await readJson(home.offeredRoster, offeredSchema))?.signed ?? undefined;
}

/**
 * Checks what may be checked of a roster before a person looks at it: signed, following the accepted one, this site in it
 * with its own keys.
 * @throws SecAggError BAD_ROSTER, BAD_SIGNATURE; AgentError ROSTER_WRONG
 */
export function checkOffered(
  signed: SignedRoster,
  accepted: Roster | undefined,
  own: { readonly site: string; readonly signKey: string; readonly boxKey: string },
): void {
  checkRoster(signed);
  if (accepted) checkSuccessor(signed.roster, accepted);
  const member = signed.roster.members.find(({ site }) => site === own.site);
  if (!member || member.signKey !== own.signKey || member.boxKey !== own.boxKey)
    throw new AgentError(
      "ROSTER_WRONG",
      member
        ? `the roster gives ${own.site} other keys than its own: do not accept it, and tell the study lead`
        : `the roster does not name this site (${own.site}): ask the study lead for one that does`,
    );
}

export function saveAcceptedRoster(home: Home, signed: SignedRoster, at: string): Promise<void> {
  return writeJson(home.roster, { format: "fedbaps-accepted-roster/1", signed, acceptedAt: at });
}

/** @throws AgentError ROSTER_NOT_ACCEPTED unless the site accepted exactly the roster with this hash. */
export function requireRoster(accepted: Roster | undefined, hash: string): Roster {
  if (accepted && rosterHash(accepted) === hash) return accepted;
  throw new AgentError(
    "ROSTER_NOT_ACCEPTED",
    accepted
      ? "the study lead has made a new roster; look at it with: fedbaps-site roster show, then: fedbaps-site roster accept"
      : "this site has accepted no roster yet; look at it with: fedbaps-site roster show, then: fedbaps-site roster accept",
  );
}
