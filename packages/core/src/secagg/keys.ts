import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import nacl from "tweetnacl";
import { concatBytes, fromBase64, toBase64 } from "../common/bytes.js";
import { sha256Hex } from "../common/hash.js";
import type { Member } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";

/** A cryptographic random source. Production passes `crypto.randomBytes`; tests a seeded one. */
export type RandomBytes = (count: number) => Uint8Array;

export interface KeyPair {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/** A site's long-term keys. */
export interface Identity {
  site: string;
  /** Ed25519; the secret key is seed and public key, 64 bytes. */
  sign: KeyPair;
  /** X25519, 32 bytes each. */
  box: KeyPair;
}

// The operations of every round (signatures, agreement, fresh pairs) are OpenSSL's, through node:crypto: constant-time,
// and five to thirty times faster than tweetnacl, which matters to a cohort of 200 that checks 400 signatures a round.
// The bytes are those of tweetnacl, which a test shows; long-term keys and boxes are tweetnacl's own.

// RFC 8410: what stands before the 32 raw bytes of a key in DER.
const PREFIX = { ed25519: "302e020100300506032b657004220420", x25519: "302e020100300506032b656e04220420" } as const;
type Curve = keyof typeof PREFIX;
const CURVE_NAMES = { ed25519: "Ed25519", x25519: "X25519" } as const;

/** Secret keys as OpenSSL holds them, by the array of their bytes: bringing one in takes longer than using it. */
const imported = new WeakMap<Uint8Array, KeyObject>();

function importSecret(curve: Curve, raw: Uint8Array): KeyObject {
  const known = imported.get(raw);
  if (known) return known;
  const der = Buffer.concat([Buffer.from(PREFIX[curve], "hex"), raw.subarray(0, 32)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  imported.set(raw, key);
  return key;
}

/** Overwrites a secret key and lets go of OpenSSL's copy. Nothing may use it afterwards. */
export function wipeKey(secretKey: Uint8Array): void {
  imported.delete(secretKey);
  secretKey.fill(0);
}

/** Public keys come in as JWK (RFC 8037), ten times faster than as DER. */
function importPublic(curve: Curve, raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: CURVE_NAMES[curve], x }, format: "jwk" });
}

function publicOf(curve: Curve, secret: Uint8Array): Uint8Array {
  const der = createPublicKey(importSecret(curve, secret)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(-32));
}

/**
 * `count` bytes from the source, as an array of its own.
 * @throws SecAggError BAD_RANDOM where the source gives another number of bytes.
 */
export function draw(random: RandomBytes, count: number): Uint8Array {
  const bytes = random(count);
  if (bytes.length !== count)
    throw new SecAggError("BAD_RANDOM", `the random source gave ${bytes.length} of ${count} bytes; check its wiring`);
  return new Uint8Array(bytes);
}

/** A fresh X25519 pair. */
export function createBoxKeys(random: RandomBytes): KeyPair {
  const secretKey = draw(random, 32);
  return { publicKey: publicKeyOf(secretKey), secretKey };
}

/** A site's long-term keys, made by tweetnacl from the given source. */
export function createIdentity(site: string, random: RandomBytes): Identity {
  const sign = nacl.sign.keyPair.fromSeed(draw(random, 32));
  return { site, sign, box: nacl.box.keyPair.fromSecretKey(draw(random, 32)) };
}

/** The public half of an identity, as it appears in a cohort. */
export function memberOf(identity: Identity): Member {
  return {
    site: identity.site,
    signKey: toBase64(identity.sign.publicKey),
    boxKey: toBase64(identity.box.publicKey),
  };
}

/**
 * A detached Ed25519 signature (RFC 8032) in base64.
 * @param secretKey 64 bytes, as in `Identity.sign`.
 */
export function sign(message: Uint8Array, secretKey: Uint8Array): string {
  if (secretKey.length !== 64)
    throw new SecAggError("BAD_KEY", `an Ed25519 secret key has 64 bytes, this one ${secretKey.length}`);
  return toBase64(new Uint8Array(signBytes(null, message, importSecret("ed25519", secretKey))));
}

/** Whether a detached Ed25519 signature is right. False, never an error, for keys and signatures of wrong lengths. */
export function verify(message: Uint8Array, signatureBase64: string, publicKeyBase64: string): boolean {
  const signature = fromBase64(signatureBase64);
  const publicKey = fromBase64(publicKeyBase64);
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return verifyBytes(null, message, importPublic("ed25519", publicKey), signature);
}

/** SHA-256 of a public key as sixteen groups of four hexadecimal digits, for two people to compare. */
export function fingerprint(publicKeyBase64: string): string {
  return sha256Hex(fromBase64(publicKeyBase64)).match(/.{4}/g)!.join(" ");
}

/** The X25519 public key that belongs to a secret key. @param secretKey 32 bytes, clamped or not. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return publicOf("x25519", secretKey);
}

/**
 * The X25519 shared secret (RFC 7748, section 6.1), 32 bytes. Feed it to HKDF; never use it as it is.
 * @param peer whose public key it is, for the message of an error.
 * @throws SecAggError BAD_KEY for a wrong length or a point of low order: its secret would be zero, known to everyone.
 */
export function agree(secretKey: Uint8Array, publicKey: Uint8Array, peer: string): Uint8Array {
  if (publicKey.length !== 32)
    throw new SecAggError("BAD_KEY", `the X25519 key of ${peer} has ${publicKey.length} bytes instead of 32`, { peer });
  const own = importSecret("x25519", secretKey);
  try {
    return new Uint8Array(diffieHellman({ privateKey: own, publicKey: importPublic("x25519", publicKey) }));
  } catch (cause) {
    // OpenSSL refuses a shared secret of zeros, as RFC 7748 asks, and nothing else at this point.
    const problem = `the X25519 key of ${peer} is a point of low order: refuse this site`;
    throw new SecAggError("BAD_KEY", problem, { peer }, { cause });
  }
}

const ANY_SECRET = new Uint8Array(32).fill(1);

/** @throws SecAggError BAD_KEY for a public key of low order: with any secret key it agrees on zero. */
export function requireFullOrder(publicKey: Uint8Array, peer: string): void {
  agree(ANY_SECRET, publicKey, peer);
}

/**
 * Authenticated encryption under a 32-byte key that is used for one direction of one pair in one attempt only.
 * @returns nonce (24 bytes) and box (16 bytes more than the plain text).
 */
export function seal(plain: Uint8Array, key: Uint8Array, random: RandomBytes): Uint8Array {
  const nonce = draw(random, nacl.secretbox.nonceLength);
  return concatBytes(nonce, nacl.secretbox(plain, nonce, key));
}

/** The inverse of `seal`; null where the key is another or a byte was changed. */
export function open(sealed: Uint8Array, key: Uint8Array): Uint8Array | null {
  const { nonceLength, overheadLength } = nacl.secretbox;
  if (sealed.length < nonceLength + overheadLength) return null;
  return nacl.secretbox.open(sealed.slice(nonceLength), sealed.slice(0, nonceLength), key);
}
