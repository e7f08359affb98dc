import { concatBytes, equalBytes, fromBase64, toBase64, transcript } from "../common/bytes.js";
import type { RoundReference, SealedShares } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";
import { open, type RandomBytes, seal } from "./keys.js";
import { hkdf, SELF_MASK_SECRET_BYTES } from "./masks.js";
import { COORDINATE_BYTES } from "./shamir.js";
import { shareBoxInfo } from "./transcripts.js";

/** Lengths of the two kinds of share. */
export const SHARE_BYTES = {
  selfMask: SELF_MASK_SECRET_BYTES + COORDINATE_BYTES,
  maskKey: 32 + COORDINATE_BYTES,
} as const;

/** One site's shares of one other site's two secrets. */
export interface SharePair {
  /** Of the self-mask seed and its check. */
  selfMask: Uint8Array;
  /** Of the secret key that pairwise masks come from. */
  maskKey: Uint8Array;
}

/**
 * Seals shares to a peer (Bonawitz et al., figure 4, round 1). Both names are in the key and in the box: the coordinator
 * cannot turn a box round or hand it to another site.
 * @param secret the X25519 secret of the two sites' share keys.
 */
export function sealShares(
  secret: Uint8Array,
  reference: RoundReference,
  { from, to, shares }: { from: string; to: string; shares: SharePair },
  random: RandomBytes,
): SealedShares {
  const plain = concatBytes(transcript(from, to), shares.selfMask, shares.maskKey);
  return { from, to, box: toBase64(seal(plain, hkdf(secret, shareBoxInfo(reference, from, to)), random)) };
}

/**
 * The inverse of `sealShares`.
 * @throws SecAggError BAD_BOX where the box does not open, names other sites or holds anything but two shares.
 */
export function openShares(secret: Uint8Array, reference: RoundReference, sealed: SealedShares): SharePair {
  const { from, to } = sealed;
  const plain = open(fromBase64(sealed.box), hkdf(secret, shareBoxInfo(reference, from, to)));
  const head = transcript(from, to);
  const length = head.length + SHARE_BYTES.selfMask + SHARE_BYTES.maskKey;
  if (plain === null || plain.length !== length || !equalBytes(plain.subarray(0, head.length), head))
    throw new SecAggError(
      "BAD_BOX",
      `the shares that ${from} sealed to ${to} do not open: altered, or not from ${from}`,
      {
        from,
      },
    );
  const middle = head.length + SHARE_BYTES.selfMask;
  return { selfMask: plain.slice(head.length, middle), maskKey: plain.slice(middle) };
}
