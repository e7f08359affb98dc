import { z } from "zod";
import { digestSchema, nameSchema, signatureSchema } from "./primitives.js";

/** A box of an epoch's keys: XSalsa20-Poly1305 nonce (24 bytes) and cipher text; room for some hundred earlier keys. */
const keyBoxSchema = z.base64().max(65_536);

/**
 * The key that seals the sums of a study under one roster, as its maker deals it: a box for every site of the study. The
 * coordinator passes boxes on and can open none.
 */
export const epochDealSchema = z.strictObject({
  /** The study, as it was approved, and the roster, by their hashes: the key serves these alone. */
  studyHash: digestSchema,
  rosterHash: digestSchema,
  /** Commits to the key: its hash. */
  keyId: digestSchema,
  maker: nameSchema,
  /** Sorted by site; the maker's own is among them. */
  boxes: z
    .array(z.strictObject({ site: nameSchema, box: keyBoxSchema }))
    .min(3)
    .max(200),
  /** By the maker, over everything above. */
  signature: signatureSchema,
});
export type EpochDeal = z.infer<typeof epochDealSchema>;

/** What one site gets of a deal: its own box, and the hashes of all boxes, by which it can check the signature. */
export const epochShareSchema = z.strictObject({
  studyHash: digestSchema,
  rosterHash: digestSchema,
  keyId: digestSchema,
  maker: nameSchema,
  boxes: z
    .array(z.strictObject({ site: nameSchema, hash: digestSchema }))
    .min(3)
    .max(200),
  box: keyBoxSchema,
  signature: signatureSchema,
});
export type EpochShare = z.infer<typeof epochShareSchema>;
