import { createCipheriv, hkdfSync } from "node:crypto";
import { endianness } from "node:os";
import { concatBytes, equalBytes } from "../common/bytes.js";
import { sha256 } from "../common/hash.js";
import type { RoundReference } from "../wire/secagg-messages.js";
import { pairMaskInfo, selfMaskInfo } from "./transcripts.js";

/** A mask to be added to, or taken from, a vector. A sum's layers cancel or are removed by whoever can rebuild them. */
export interface MaskLayer {
  /** 32 bytes, used for this one mask. */
  readonly seed: Uint8Array;
  readonly sign: 1 | -1;
}

const SEED_BYTES = 32;
const CHECK_BYTES = 16;
/** What is shared of a self mask: the seed and a check on it. */
export const SELF_MASK_SECRET_BYTES = SEED_BYTES + CHECK_BYTES;

// 32 KiB of key stream at a time stay in the processor's cache until they are added; with 256 KiB it takes twice as long.
const ZEROS = new Uint8Array(1 << 15);
const ZERO_COUNTER = new Uint8Array(16);
const BIG_ENDIAN = endianness() === "BE";

/** HKDF-SHA256 (RFC 5869) without salt. */
export function hkdf(secret: Uint8Array, info: Uint8Array, length = SEED_BYTES): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, length));
}

/**
 * The mask between two sites (Bonawitz et al., section 4.1): the site whose name sorts first adds it, the other
 * subtracts it, so that it cancels in the sum of both.
 * @param secret the X25519 secret of the two mask keys.
 * @param site whose vector the layer is for.
 */
export function pairLayer(secret: Uint8Array, reference: RoundReference, site: string, peer: string): MaskLayer {
  return { seed: hkdf(secret, pairMaskInfo(reference, site, peer)), sign: site < peer ? 1 : -1 };
}

/** The mask that stays on a vector until t sites agree to remove it; hides vectors that arrive late. */
export function selfLayer(seed: Uint8Array, reference: RoundReference, site: string): MaskLayer {
  return { seed: hkdf(seed, selfMaskInfo(reference, site)), sign: 1 };
}

/** The same mask with the other sign. */
export function inverse(layer: MaskLayer): MaskLayer {
  return { seed: layer.seed, sign: layer.sign === 1 ? -1 : 1 };
}

/**
 * Adds a mask to `target` in place, modulo 2^32. The mask is the AES-256-CTR key stream (NIST SP 800-38A) of the
 * layer's seed from counter zero, read as little-endian words. The seed serves one mask only, so no nonce is needed.
 */
export function addMask(target: Uint32Array, layer: MaskLayer): void {
  const cipher = createCipheriv("aes-256-ctr", layer.seed, ZERO_COUNTER);
  for (let start = 0; start < target.length; ) {
    const count = Math.min(ZEROS.length / 4, target.length - start);
    const words = asWords(cipher.update(ZEROS.subarray(0, count * 4)));
    addWords(target.subarray(start, start + count), words, layer.sign);
    start += count;
  }
}

/**
 * Adds `words` to, or takes them from, as many words of `target` in place, modulo 2^32. Four in each turn, which is half
 * as fast again as one.
 */
export function addWords(target: Uint32Array, words: Uint32Array, sign: 1 | -1 = 1): void {
  const { length } = words;
  let i = 0;
  if (sign === 1) {
    for (; i + 4 <= length; i += 4) {
      target[i] += words[i];
      target[i + 1] += words[i + 1];
      target[i + 2] += words[i + 2];
      target[i + 3] += words[i + 3];
    }
    for (; i < length; i++) target[i] += words[i];
  } else {
    for (; i + 4 <= length; i += 4) {
      target[i] -= words[i];
      target[i + 1] -= words[i + 1];
      target[i + 2] -= words[i + 2];
      target[i + 3] -= words[i + 3];
    }
    for (; i < length; i++) target[i] -= words[i];
  }
}

function asWords(bytes: Buffer): Uint32Array {
  if (BIG_ENDIAN) bytes.swap32();
  // A view where the buffer allows one, a copy where it starts in the middle of a word.
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

/**
 * What is split among the peers for a self mask: the seed, followed by a check on it. Nothing was advertised that a
 * rebuilt seed could be held against, and a false share would go unnoticed and spoil the sum. Who sends one does not
 * know the seed, and so cannot make the check fit.
 */
export function selfMaskSecret(seed: Uint8Array): Uint8Array {
  return concatBytes(seed, sha256("fedbaps/secagg/self-mask-check", seed).subarray(0, CHECK_BYTES));
}

/** The seed in a rebuilt secret, or null where its check does not fit. */
export function openSelfMaskSecret(secret: Uint8Array): Uint8Array | null {
  const seed = secret.slice(0, SEED_BYTES);
  return equalBytes(selfMaskSecret(seed), secret) ? seed : null;
}
