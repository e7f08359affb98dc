import { z } from "zod";
import { fromBase64, transcript } from "../common/bytes.js";
import { base64Schema, nameSchema, PROTOCOL_VERSION, publicKeySchema, signatureSchema } from "./primitives.js";

/**
 * Coordinator -> agent over HTTP, before anything is said to it: its keys, signed with the one whose fingerprint is in the
 * invite, together with a nonce of the agent.
 */
export const identityProofSchema = z.object({
  /** Ed25519. */
  publicKey: publicKeySchema,
  /** X25519: an enrolment is sealed to it. */
  boxKey: publicKeySchema,
  /** Over `identityTranscript`. */
  signature: signatureSchema,
});
export type IdentityProof = z.infer<typeof identityProofSchema>;

/** What a coordinator signs to show that it holds its key now. The address is not in it: proxies may change that. */
export function identityTranscript(nonce: string, { publicKey, boxKey }: Omit<IdentityProof, "signature">): Uint8Array {
  return transcript("fedbaps/identity", PROTOCOL_VERSION, fromBase64(nonce), fromBase64(publicKey), fromBase64(boxKey));
}

/** An `EnrolRequest` as JSON, sealed to the coordinator's box key: whoever listens, or relays, does not learn the code. */
export const sealedEnrolmentSchema = z.strictObject({ protocol: z.literal(PROTOCOL_VERSION), sealed: base64Schema });
export type SealedEnrolment = z.infer<typeof sealedEnrolmentSchema>;

/** The two long-term public keys of a site. */
export const siteKeysSchema = z.strictObject({ signKey: publicKeySchema, boxKey: publicKeySchema });
export type SiteKeys = z.infer<typeof siteKeysSchema>;

/** Agent -> coordinator over HTTP: new keys in the place of the old ones, by whoever holds both. */
export const renewRequestSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  site: nameSchema,
  /** The coordinator's Ed25519 key: no other coordinator takes this. */
  coordinator: publicKeySchema,
  old: siteKeysSchema,
  next: siteKeysSchema,
  /** By the site's clock, in milliseconds since the epoch. */
  at: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Both over `renewTranscript`, each with its sign key. */
  oldSignature: signatureSchema,
  nextSignature: signatureSchema,
});
export type RenewRequest = z.infer<typeof renewRequestSchema>;

/** What a site signs with its old and its new key to change one for the other. */
export function renewTranscript(request: Omit<RenewRequest, "oldSignature" | "nextSignature">): Uint8Array {
  const { site, coordinator, old, next, at } = request;
  return transcript(
    "fedbaps/renew",
    PROTOCOL_VERSION,
    site,
    fromBase64(coordinator),
    fromBase64(old.signKey),
    fromBase64(old.boxKey),
    fromBase64(next.signKey),
    fromBase64(next.boxKey),
    String(at),
  );
}

/** Coordinator -> agent: the new keys count. Signed, so that nobody else can make a site throw its old keys away. */
export const renewedSchema = z.object({
  site: nameSchema,
  /** False where this very change was made before. */
  renewed: z.boolean(),
  /** Over `renewedTranscript`, by the coordinator's sign key. */
  signature: signatureSchema,
});
export type Renewed = z.infer<typeof renewedSchema>;

/** What a coordinator signs when a site's new keys count. */
export function renewedTranscript({ site, next, at }: Pick<RenewRequest, "site" | "next" | "at">): Uint8Array {
  return transcript(
    "fedbaps/renewed",
    PROTOCOL_VERSION,
    site,
    fromBase64(next.signKey),
    fromBase64(next.boxKey),
    String(at),
  );
}
