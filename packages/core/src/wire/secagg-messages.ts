import { z } from "zod";
import { base64Schema, countSchema, digestSchema, nameSchema, publicKeySchema, signatureSchema } from "./primitives.js";

/** Which sum a message belongs to. An attempt repeats a failed round with fresh keys. */
export const roundReferenceSchema = z.strictObject({
  study: nameSchema,
  round: countSchema.min(1),
  attempt: countSchema.min(1),
});
export type RoundReference = z.infer<typeof roundReferenceSchema>;

/** One site of a round's cohort, by its long-term public keys. The cohort is sorted by site and frozen at the start. */
export const memberSchema = z.strictObject({
  site: nameSchema,
  /** Ed25519: checks the site's signatures. */
  signKey: publicKeySchema,
  /** X25519: seals things to the site that outlive a round (epoch keys). */
  boxKey: publicKeySchema,
});
export type Member = z.infer<typeof memberSchema>;

/** Everything that all parties of one sum must agree on before the first key; its hash is in every signature. */
export const cohortSchema = z.strictObject({
  reference: roundReferenceSchema,
  /** SHA-256 of the study as the site approved it. */
  studyHash: digestSchema,
  /** SHA-256 of the roster that all members are in, with these keys. */
  rosterHash: digestSchema,
  /** The id of the epoch's key that seals the sum; null where the study is not sealed. */
  seal: digestSchema.nullable(),
  members: z.array(memberSchema).min(2).max(200),
  /** Shamir threshold t: so many sites reconstruct a secret, fewer learn nothing. */
  threshold: countSchema.min(2),
  /** Fewer survivors than this and nothing is revealed: max(t, minCohort, the study's own minimum). */
  minSurvivors: countSchema.min(2),
  /** Elements of the masked vector. */
  length: countSchema.min(1).max(10_000_000),
});
export type Cohort = z.infer<typeof cohortSchema>;

/** Two fresh X25519 public keys, signed with the round's transcript by the site's Ed25519 key. */
export const keyAdvertisementSchema = z.strictObject({
  site: nameSchema,
  /** Opens the shares that peers seal to this site. */
  shareKey: publicKeySchema,
  /** Agrees on pairwise masks. */
  maskKey: publicKeySchema,
  signature: signatureSchema,
});
export type KeyAdvertisement = z.infer<typeof keyAdvertisementSchema>;

/** One peer's shares, sealed: nonce (24 bytes) and box of (from, to, self-mask share, mask-key share). */
export const sealedSharesSchema = z.strictObject({ from: nameSchema, to: nameSchema, box: base64Schema });
export type SealedShares = z.infer<typeof sealedSharesSchema>;

export const survivorSignatureSchema = z.strictObject({ site: nameSchema, signature: signatureSchema });
export type SurvivorSignature = z.infer<typeof survivorSignatureSchema>;

/** What the coordinator asks to be unmasked, with the proof that enough sites agreed on the same list. */
export const unmaskRequestSchema = z.strictObject({
  survivors: z.array(nameSchema).max(200),
  dropped: z.array(nameSchema).max(200),
  signatures: z.array(survivorSignatureSchema).max(200),
});
export type UnmaskRequest = z.infer<typeof unmaskRequestSchema>;

/** For each peer one share: of a survivor's self-mask seed or of a drop-out's mask key, never both. */
export const revealedShareSchema = z.strictObject({
  site: nameSchema,
  kind: z.enum(["selfMask", "maskKey"]),
  share: base64Schema,
});
export type RevealedShare = z.infer<typeof revealedShareSchema>;
