import { z } from "zod";

/** The version of everything in this folder. Raised when an older program could misread a message. */
export const PROTOCOL_VERSION = 3 as const;

/** Short lower-case names of sites and studies: they appear in logs, file names and signed transcripts. */
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "must be lower-case letters, digits and hyphens, at most 63, not starting with a hyphen",
  );

function base64Of(bytes: number) {
  const groups = Math.floor(bytes / 3);
  const rest = bytes % 3;
  const tail = rest === 0 ? "" : rest === 1 ? "[A-Za-z0-9+/][AQgw]==" : "[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=";
  return z.string().regex(new RegExp(`^[A-Za-z0-9+/]{${groups * 4}}${tail}$`), `must be ${bytes} bytes in base64`);
}

/** An Ed25519 or X25519 public key. */
export const publicKeySchema = base64Of(32);
/** A detached Ed25519 signature. */
export const signatureSchema = base64Of(64);
/** SHA-256. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");
/** Bytes of a length that the receiver checks itself. */
export const base64Schema = z.base64().max(4096);
/** A count that fits 32 bits. */
export const countSchema = z.number().int().min(0).max(0xffffffff);
/** The code of an error: what may be said to another party instead of its text. */
export const codeSchema = z.string().regex(/^[A-Z][A-Z0-9_]{1,40}$/, "must be capitals, digits and underscores");
