import { createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from "node:crypto";
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

// RFC 8410: what stands before the 32 raw bytes of an Ed25519 key in DER.
const ED25519_PUBLIC = Buffer.from("302a300506032b6570032100", "hex");
const ED25519_SECRET = Buffer.from("302e020100300506032b657004220420", "hex");

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
  return nacl.box.keyPair.fromSecretKey(draw(random, 32));
}

export function createIdentity(site: string, random: RandomBytes): Identity {
  return { site, sign: nacl.sign.keyPair.fromSeed(draw(random, 32)), box: createBoxKeys(random) };
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
 * A detached Ed25519 signature (RFC 8032) in base64. OpenSSL does the arithmetic: a cohort of 200 checks 400 signatures
 * a round, and it is some thirty times faster at that than tweetnacl; the keys and signatures are the same.
 * @param secretKey 64 bytes, as in `Identity.sign`.
 */
export function sign(message: Uint8Array, secretKey: Uint8Array): string {
  if (secretKey.length !== 64)
    throw new SecAggError("BAD_KEY", `an Ed25519 secret key has 64 bytes, this one ${secretKey.length}`);
  const der = Buffer.concat([ED25519_SECRET, secretKey.subarray(0, 32)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  return toBase64(new Uint8Array(signBytes(null, message, key)));
}

/** Whether a detached Ed25519 signature is right. False, never an error, for keys and signatures of wrong lengths. */
export function verify(message: Uint8Array, signatureBase64: string, publicKeyBase64: string): boolean {
  const signature = fromBase64(signatureBase64);
  const publicKey = fromBase64(publicKeyBase64);
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const der = Buffer.concat([ED25519_PUBLIC, publicKey]);
  return verifyBytes(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}

/** SHA-256 of a public key as sixteen groups of four hexadecimal digits, for two people to compare. */
export function fingerprint(publicKeyBase64: string): string {
  return sha256Hex(fromBase64(publicKeyBase64)).match(/.{4}/g)!.join(" ");
}

/** The X25519 public key that belongs to a secret key of 32 bytes. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return nacl.scalarMult.base(secretKey);
}

/**
 * The X25519 shared secret (RFC 7748, section 6.1), 32 bytes. Feed it to HKDF; never use it as it is.
 * @param peer whose public key it is, for the message of an error.
 * @throws SecAggError BAD_KEY for a wrong length or a point of low order: its secret would be zero, known to everyone.
 */
export function agree(secretKey: Uint8Array, publicKey: Uint8Array, peer: string): Uint8Array {
  if (publicKey.length !== 32)
    throw new SecAggError("BAD_KEY", `the X25519 key of ${peer} has ${publicKey.length} bytes instead of 32`, { peer });
  const secret = nacl.scalarMult(secretKey, publicKey);
  if (secret.every((byte) => byte === 0))
    throw new SecAggError("BAD_KEY", `the X25519 key of ${peer} is a point of low order: refuse this site`, { peer });
  return secret;
}

/** @throws SecAggError BAD_KEY for a public key of low order: with any secret key it agrees on zero. */
export function requireFullOrder(publicKey: Uint8Array, peer: string): void {
  agree(new Uint8Array(32).fill(1), publicKey, peer);
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
