import type { DropOut } from "@fedbaps/core/federation/round-state.js";
import { cohortHash } from "@fedbaps/core/secagg/cohort.js";
import { verify } from "@fedbaps/core/secagg/keys.js";
import { survivorTranscript } from "@fedbaps/core/secagg/transcripts.js";
import { codeSchema, countSchema, digestSchema, nameSchema, PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import {
  type Cohort,
  cohortSchema,
  survivorSignatureSchema,
  type UnmaskRequest,
} from "@fedbaps/core/wire/secagg-messages.js";
import { z } from "zod";
import type { AuditDetails } from "./record.js";

const namesSchema = z.array(nameSchema).max(200);

/** What the record of a completed round says. It can be checked by itself: the cohort brings the keys. */
export const roundCompletedSchema = z.strictObject({
  /** The version of the protocol, which every signature binds: a log outlives it. */
  protocol: countSchema,
  round: countSchema.min(1),
  attempt: countSchema.min(1),
  /** Everything that the sites signed, by its hash: study, roster, members with keys, thresholds. */
  cohort: cohortSchema,
  /** Whose vectors are in the sum. */
  survivors: namesSchema,
  /** Who dealt shares but is not in the sum. */
  dropped: namesSchema,
  /** Everybody who left the attempt, in whichever phase, and why. */
  dropOuts: z.array(z.strictObject({ site: nameSchema, phase: z.string().max(40), code: codeSchema })).max(200),
  /** The survivors' signatures over both lists in the phase `consistency`: what each says of its own participation. */
  receipts: z.array(survivorSignatureSchema).max(200),
  /** SHA-256 of the sum as it is stored and handed out: little-endian 32-bit ring elements. */
  sumSha256: digestSchema,
});
export type RoundCompleted = z.infer<typeof roundCompletedSchema>;

/**
 * The details of a `round.completed` record.
 * @param cohort as it was sent to the sites. @param survivors of the sum. @param dropOuts of the attempt.
 * @param request as `closeConfirmations` gave it: its signatures are the sites' receipts.
 * @param sumSha256 hexadecimal, over the sum's bytes as they are stored.
 */
export function roundCompletedDetails({
  cohort,
  survivors,
  dropOuts,
  request,
  sumSha256,
}: {
  readonly cohort: Cohort;
  readonly survivors: readonly string[];
  readonly dropOuts: readonly Pick<DropOut, "site" | "phase" | "code">[];
  readonly request: UnmaskRequest;
  readonly sumSha256: string;
}): AuditDetails {
  const { round, attempt } = cohort.reference;
  const details: RoundCompleted = {
    protocol: PROTOCOL_VERSION,
    round,
    attempt,
    cohort,
    survivors: [...survivors],
    dropped: [...request.dropped],
    dropOuts: dropOuts.map(({ site, phase, code }) => ({ site, phase, code })),
    receipts: [...request.signatures],
    sumSha256,
  };
  return details;
}

/**
 * Checks the sites' receipts of one completed round, from its record alone: each is of a survivor and signed with its key
 * of the cohort, over exactly this study, roster, cohort, round, attempt and these lists; and there are as many as the sum
 * needed.
 * @returns what is wrong, as the rest of a sentence; undefined where nothing is.
 */
export function receiptProblem(study: string | null, details: RoundCompleted): string | undefined {
  const { protocol, cohort, survivors, dropped, receipts, round, attempt } = details;
  const { reference, members, threshold, minSurvivors } = cohort;
  if (reference.study !== study || reference.round !== round || reference.attempt !== attempt)
    return "its cohort is of another study, round or attempt";
  const keys = new Map(members.map(({ site, signKey }) => [site, signKey]));
  const named = [...survivors, ...dropped];
  if (new Set(named).size !== named.length) return "it names a site twice";
  const stranger = named.find((site) => !keys.has(site));
  if (stranger !== undefined) return `${stranger} is not in its cohort`;
  if (survivors.length < minSurvivors) return `a sum over ${survivors.length} sites was not allowed`;
  if (new Set(receipts.map(({ site }) => site)).size !== receipts.length) return "a site has two receipts";
  const signed = survivorTranscript(cohort, cohortHash(cohort), survivors, dropped, protocol);
  for (const { site, signature } of receipts) {
    if (!survivors.includes(site)) return `${site} has a receipt without being in the sum`;
    if (!verify(signed, signature, keys.get(site)!)) return `the receipt of ${site} is not signed with its key`;
  }
  if (receipts.length < threshold) return `it has ${receipts.length} receipts, and the sum needed ${threshold}`;
  return undefined;
}
