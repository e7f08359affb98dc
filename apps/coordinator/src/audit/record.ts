import { toBase64, transcript } from "@fedbaps/core/common/bytes.js";
import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import { type KeyPair, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { digestSchema, nameSchema, publicKeySchema, signatureSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { auditActionSchema } from "./actions.js";

/** Keys, hashes, names, codes, addresses: one word each. What has spaces is a sentence, and no sentence is recorded. */
const WORD = /^[!-~]{0,200}$/;

type AuditValue = string | number | boolean | null | readonly AuditValue[] | { readonly [name: string]: AuditValue };

const auditValueSchema: z.ZodType<AuditValue> = z.lazy(() =>
  z.union([
    z.string().regex(WORD, "is free text, which is not recorded"),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(auditValueSchema),
    z.record(z.string().regex(WORD), auditValueSchema),
  ]),
);

/** Everything else that a record says: numbers, flags, names, codes, keys and hashes; no secrets and no free text. */
export const auditDetailsSchema = z.record(z.string().regex(WORD), auditValueSchema);
export type AuditDetails = { readonly [name: string]: AuditValue };

export const actorSchema = z
  .string()
  .regex(/^(?:lead|coordinator|site:[a-z0-9][a-z0-9-]{0,62}|(?:admin|viewer):[A-Za-z0-9_-]{1,64})$/, "is no actor");

const sequence = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** One record of the log, as it is stored, shown and exported. */
export const auditRecordSchema = z.strictObject({
  /** 1, 2, 3, ... */
  seq: sequence.min(1),
  /** Milliseconds since the epoch, by the clock of the coordinator that wrote it. */
  at: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  actor: actorSchema,
  action: auditActionSchema,
  study: nameSchema.nullable(),
  site: nameSchema.nullable(),
  details: auditDetailsSchema,
  /** Hash of the record before; of the first, `genesisOf` the coordinator's key. */
  previous: digestSchema,
  hash: digestSchema,
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** What stands before the first record: the log of another coordinator begins with another hash. */
export function genesisOf(publicKeyBase64: string): string {
  return sha256Hex("fedbaps/audit-genesis/1", "\n", publicKeyBase64);
}

/** SHA-256 over the canonical JSON of a record without its hash. */
export function recordHash({
  seq,
  at,
  actor,
  action,
  study,
  site,
  details,
  previous,
}: Omit<AuditRecord, "hash">): string {
  return sha256Hex("fedbaps/audit/1", "\n", canonicalJson({ seq, at, actor, action, study, site, details, previous }));
}

/**
 * How far the log went at some time, signed by the coordinator. Whoever keeps one can show later that records were cut off
 * or written anew.
 */
export const auditHeadSchema = z.strictObject({
  format: z.literal("fedbaps-audit-head/1"),
  /** Of the newest record; 0 and the genesis hash of an empty log. */
  seq: sequence,
  hash: digestSchema,
  /** When it was signed. */
  at: sequence,
  /** The coordinator's Ed25519 public key. */
  coordinator: publicKeySchema,
  signature: signatureSchema,
});
export type AuditHead = z.infer<typeof auditHeadSchema>;

/** The last line of an export. */
export const headLineSchema = z.strictObject({ head: auditHeadSchema });

function headTranscript({ seq, hash, at }: Pick<AuditHead, "seq" | "hash" | "at">): Uint8Array {
  return transcript("fedbaps/audit-head", 1, String(seq), hash, String(at));
}

/** @param key the coordinator's Ed25519 pair. */
export function signHead(head: Pick<AuditHead, "seq" | "hash" | "at">, key: KeyPair): AuditHead {
  const signature = sign(headTranscript(head), key.secretKey);
  const { seq, hash, at } = head;
  return { format: "fedbaps-audit-head/1", seq, hash, at, coordinator: toBase64(key.publicKey), signature };
}

/** Whether the head is signed by the key that it names. */
export function isSigned(head: AuditHead): boolean {
  return verify(headTranscript(head), head.signature, head.coordinator);
}
