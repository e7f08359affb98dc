import { messageOf } from "@fedbaps/core/common/errors.js";
import { checkAgainstRoster, checkRoster, checkSuccessor, rosterHash } from "@fedbaps/core/secagg/roster.js";
import { countSchema, digestSchema, PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { type Roster, type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { z } from "zod";
import { receiptProblem, roundCompletedSchema } from "./receipts.js";
import type { AuditDetails, AuditRecord } from "./record.js";

const rosterSignedSchema = z.strictObject({
  /** The version of the protocol, which the signature binds: a log outlives it. */
  protocol: countSchema,
  version: countSchema,
  hash: digestSchema,
  signed: signedRosterSchema,
});

/**
 * The details of a `roster.signed` record: the whole text with the lead's signature.
 * @param protocol the version under which it was signed
 */
export function rosterSignedDetails(signed: SignedRoster, protocol: number = PROTOCOL_VERSION): AuditDetails {
  const details: z.infer<typeof rosterSignedSchema> = {
    protocol,
    version: signed.roster.version,
    hash: rosterHash(signed.roster),
    signed,
  };
  return details;
}

export interface EvidenceProblem {
  readonly code: "BAD_ROSTER" | "BAD_RECEIPT";
  readonly message: string;
}

/**
 * What other keys than the coordinator's vouch for in a log: rosters, signed by the study lead, and receipts, signed by
 * sites with the keys that a roster gives them. Records are shown to it in their order.
 */
export class Evidence {
  readonly #rosters = new Map<string, Roster>();
  #newest: Roster | undefined;

  /** @returns what is wrong with the record, if anything is. */
  check(record: AuditRecord): EvidenceProblem | undefined {
    if (record.action === "roster.signed") return this.#roster(record);
    if (record.action === "round.completed") return this.#round(record);
    return undefined;
  }

  #roster({ details }: AuditRecord): EvidenceProblem | undefined {
    const bad = (why: string) => ({ code: "BAD_ROSTER", message: `the roster in it is not right: ${why}` }) as const;
    const parsed = rosterSignedSchema.safeParse(details);
    if (!parsed.success) return bad("it cannot be read");
    const { signed, hash, version, protocol } = parsed.data;
    const { roster } = signed;
    if (rosterHash(roster) !== hash || roster.version !== version) return bad("it has another hash or version");
    try {
      checkRoster(signed, protocol);
      if (this.#newest !== undefined) checkSuccessor(roster, this.#newest);
    } catch (error) {
      return bad(messageOf(error));
    }
    this.#rosters.set(hash, roster);
    this.#newest = roster;
    return undefined;
  }

  #round({ study, details }: AuditRecord): EvidenceProblem | undefined {
    const parsed = roundCompletedSchema.safeParse(details);
    if (!parsed.success) return { code: "BAD_RECEIPT", message: "what it says of a completed round cannot be read" };
    const { cohort } = parsed.data;
    const roster = this.#rosters.get(cohort.rosterHash);
    if (roster === undefined)
      return { code: "BAD_ROSTER", message: "no roster before it has the hash that its cohort names" };
    try {
      checkAgainstRoster(cohort, roster);
    } catch (error) {
      return { code: "BAD_ROSTER", message: `its cohort is not the roster's: ${messageOf(error)}` };
    }
    const problem = receiptProblem(study, parsed.data);
    return problem === undefined
      ? undefined
      : { code: "BAD_RECEIPT", message: `its receipts are not right: ${problem}` };
  }
}
