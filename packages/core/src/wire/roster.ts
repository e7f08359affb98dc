import { z } from "zod";
import { countSchema, digestSchema, publicKeySchema, signatureSchema } from "./primitives.js";
import { memberSchema } from "./secagg-messages.js";

/**
 * Who may be in a cohort: a list of sites with their keys, made by the study lead, who alone can sign it. Each version
 * names the hash of the one before.
 */
export const rosterSchema = z.strictObject({
  format: z.literal("fedbaps-roster/1"),
  version: countSchema.min(1),
  /** Hash of the version before; null in the first. */
  previous: digestSchema.nullable(),
  /** The study lead's Ed25519 public key. */
  lead: publicKeySchema,
  /** Sorted by site. */
  members: z.array(memberSchema).min(3, "a roster names at least 3 sites").max(200),
});
export type Roster = z.infer<typeof rosterSchema>;

/** A roster with the lead's signature over it. */
export const signedRosterSchema = z.strictObject({ roster: rosterSchema, signature: signatureSchema });
export type SignedRoster = z.infer<typeof signedRosterSchema>;
