// Published vectors, through the functions that the protocol calls.
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { concatBytes, toBase64, toHex } from "@fedbaps/core/common/bytes.js";
import { agree, createIdentity, open, publicKeyOf, seal, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { addMask, hkdf } from "@fedbaps/core/secagg/masks.js";
import { combineShares } from "@fedbaps/core/secagg/shamir.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { describe, expect, it } from "@jest/globals";
import { times } from "./gf256.js";

const vectors = JSON.parse(readFileSync("tests/vectors/secagg-published.json", "utf8"));
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe("published vectors", () => {
  it("HKDF-SHA256: RFC 5869 without salt", () => {
    for (const { secret, info, length, output } of vectors.hkdfSha256)
      expect(toHex(hkdf(hex(secret), hex(info), length))).toBe(output);
  });

  // The protocol's own function takes no salt, so appendices A.1 and A.2 can only be run through what it calls.
  it("HKDF-SHA256 as node:crypto has it: RFC 5869 with salt", () => {
    for (const { secret, salt, info, length, output } of vectors.hkdfSha256Salted)
      expect(toHex(new Uint8Array(hkdfSync("sha256", hex(secret), hex(salt), hex(info), length)))).toBe(output);
  });

  it("X25519: RFC 7748, the two parties", () => {
    for (const { aliceSecret, alicePublic, bobSecret, bobPublic, shared } of vectors.x25519) {
      expect(toHex(publicKeyOf(hex(aliceSecret)))).toBe(alicePublic);
      expect(toHex(publicKeyOf(hex(bobSecret)))).toBe(bobPublic);
      expect(toHex(agree(hex(aliceSecret), hex(bobPublic), "bob"))).toBe(shared);
      expect(toHex(agree(hex(bobSecret), hex(alicePublic), "alice"))).toBe(shared);
    }
  });

  it("X25519: RFC 7748, single products", () => {
    for (const { scalar, point, product } of vectors.x25519Products)
      expect(toHex(agree(hex(scalar), hex(point), "peer"))).toBe(product);
  });

  it("X25519: RFC 7748, a thousand products, each with the one before", () => {
    let scalar: Uint8Array = hex(`09${"00".repeat(31)}`);
    let point = scalar;
    for (let i = 1; i <= 1000; i++) {
      const product = agree(scalar, point, "peer");
      point = scalar;
      scalar = product;
      const expected = vectors.x25519Iterated.after[i];
      if (expected) expect(toHex(product)).toBe(expected);
    }
    expect(Object.keys(vectors.x25519Iterated.after)).toEqual(["1", "1000"]);
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

  // Masks start from counter zero, so these can only be run through the cipher that makes them.
  it("AES-256 in counter mode as node:crypto has it: NIST SP 800-38A", () => {
    for (const { key, counter, plain, cipher } of vectors.aes256Counter) {
      const encrypt = createCipheriv("aes-256-ctr", hex(key), hex(counter));
      expect(toHex(encrypt.update(hex(plain)))).toBe(cipher);
      const decrypt = createDecipheriv("aes-256-ctr", hex(key), hex(counter));
      expect(toHex(decrypt.update(hex(cipher)))).toBe(plain);
    }
  });

  it("XSalsa20-Poly1305: Cryptography in NaCl", () => {
    for (const { key, nonce, plain, box } of vectors.secretbox) {
      const sealed = concatBytes(hex(nonce), hex(box));
      expect(seal(hex(plain), hex(key), () => hex(nonce))).toEqual(sealed);
      expect(open(sealed, hex(key))).toEqual(hex(plain));
    }
  });

  it("Shamir over GF(2^8): the Internet-Draft on threshold secret sharing", async () => {
    for (const { secret, shares } of vectors.shamirGf256) {
      const given = shares.map(({ x, y }: { x: number; y: string }) => concatBytes(hex(y), Uint8Array.of(x)));
      expect(await combineShares(given)).toEqual(hex(secret));
    }
  });

  it("products in GF(2^8), of the tests' own arithmetic: FIPS 197", () => {
    for (const { a, b, product } of vectors.gf256Products)
      expect(times(Number.parseInt(a, 16), Number.parseInt(b, 16))).toBe(Number.parseInt(product, 16));
  });
});
