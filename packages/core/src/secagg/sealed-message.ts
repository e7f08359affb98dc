import nacl from "tweetnacl";
import { concatBytes } from "../common/bytes.js";
import { draw, type RandomBytes } from "./keys.js";

const { publicKeyLength, nonceLength, overheadLength } = nacl.box;

/**
 * Encrypts a message to whoever holds the secret half of an X25519 key, from nobody in particular: NaCl box from a key
 * pair that is made for this message and forgotten.
 * @returns that pair's public key (32 bytes), nonce (24 bytes) and box (16 bytes more than the message).
 */
export function sealTo(publicKey: Uint8Array, message: Uint8Array, random: RandomBytes): Uint8Array {
  const once = nacl.box.keyPair.fromSecretKey(draw(random, nacl.box.secretKeyLength));
  const nonce = draw(random, nonceLength);
  const box = nacl.box(message, nonce, publicKey, once.secretKey);
  once.secretKey.fill(0);
  return concatBytes(once.publicKey, nonce, box);
}

/** The inverse of `sealTo`; null where it is sealed to another key or a byte was changed. */
export function openSealed(sealed: Uint8Array, secretKey: Uint8Array): Uint8Array | null {
  if (sealed.length < publicKeyLength + nonceLength + overheadLength) return null;
  const from = sealed.slice(0, publicKeyLength);
  const nonce = sealed.slice(publicKeyLength, publicKeyLength + nonceLength);
  return nacl.box.open(sealed.slice(publicKeyLength + nonceLength), nonce, from, secretKey);
}
