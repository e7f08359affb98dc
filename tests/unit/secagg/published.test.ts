// Published vectors, through the functions that the protocol calls.
import { readFileSync } from "node:fs";
import { toBase64, toHex } from "@fedbaps/core/common/bytes.js";
import { agree, createIdentity, publicKeyOf, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { addMask, hkdf } from "@fedbaps/core/secagg/masks.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { describe, expect, it } from "@jest/globals";
import nacl from "tweetnacl";

const vectors = JSON.parse(readFileSync("tests/vectors/secagg-published.json", "utf8"));
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe("published vectors", () => {
  it("HKDF-SHA256: RFC 5869", () => {
    for (const { secret, info, length, output } of vectors.hkdfSha256)
      expect(toHex(hkdf(hex(secret), hex(info), length))).toBe(output);
  });

  it("X25519: RFC 7748", () => {
    for (const { aliceSecret, alicePublic, bobSecret, bobPublic, shared } of vectors.x25519) {
      expect(toHex(publicKeyOf(hex(aliceSecret)))).toBe(alicePublic);
      expect(toHex(publicKeyOf(hex(bobSecret)))).toBe(bobPublic);
      expect(toHex(agree(hex(aliceSecret), hex(bobPublic), "bob"))).toBe(shared);
      expect(toHex(agree(hex(bobSecret), hex(alicePublic), "alice"))).toBe(shared);
    }
  });

  it("Ed25519: RFC 8032", () => {
    for (const { seed, publicKey, message, signature } of vectors.ed25519) {
      const { sign: keys } = createIdentity("site", () => hex(seed));
      expect(toHex(keys.publicKey)).toBe(publicKey);
      const made = sign(hex(message), keys.secretKey);
      expect(made).toBe(toBase64(hex(signature)));
      expect(verify(hex(message), made, toBase64(hex(publicKey)))).toBe(true);
    }
  });

  it("AES-256 in counter mode from zero, words little-endian: NIST AESAVS and the GCM specification", () => {
    for (const { key, stream } of vectors.aes256CounterFromZero) {
      const words = new Uint32Array(stream.length / 8);
      addMask(words, { seed: hex(key), sign: 1 });
      expect(toHex(encodeRing(words))).toBe(stream);
    }
  });
});

// The agent's other parts may hold keys that tweetnacl made; both must read the same bytes alike.
it("keys are interchangeable with those of tweetnacl", () => {
  const seed = hex("ab".repeat(32));
  const { sign: signKeys, box } = createIdentity("site", () => seed);
  expect(signKeys).toEqual(nacl.sign.keyPair.fromSeed(seed));
  expect(box).toEqual(nacl.box.keyPair.fromSecretKey(seed));
  expect(sign(seed, signKeys.secretKey)).toBe(toBase64(nacl.sign.detached(seed, signKeys.secretKey)));
});
