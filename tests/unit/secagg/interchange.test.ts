// Long-term keys are tweetnacl's, the operations of a round OpenSSL's: both must read and write the same bytes.
import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { agree, createBoxKeys, createIdentity, publicKeyOf, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { describe, expect, it } from "@jest/globals";
import nacl from "tweetnacl";
import { fc } from "../../support/property.js";

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = fc.uint8Array({ maxLength: 300 });
const RUNS = { numRuns: 40 };

describe("keys, agreement and signatures of tweetnacl and OpenSSL are the same bytes", () => {
  it("public keys, from the same 32 bytes", () => {
    fc.assert(
      fc.property(seed, (bytes) => {
        const identity = createIdentity("site", () => bytes);
        expect(identity.sign).toEqual(nacl.sign.keyPair.fromSeed(bytes));
        expect(identity.box).toEqual(nacl.box.keyPair.fromSecretKey(bytes));
        expect(publicKeyOf(bytes)).toEqual(identity.box.publicKey);
        expect(createBoxKeys(() => bytes)).toEqual(identity.box);
      }),
      RUNS,
    );
  });

  it("shared secrets, whichever of the two made either key, and with points that nobody made", () => {
    fc.assert(
      fc.property(seed, seed, (mine, theirs) => {
        for (const point of [publicKeyOf(theirs), nacl.scalarMult.base(theirs), theirs])
          expect(agree(mine, point, "peer")).toEqual(nacl.scalarMult(mine, point));
        expect(agree(mine, publicKeyOf(theirs), "peer")).toEqual(agree(theirs, publicKeyOf(mine), "peer"));
      }),
      RUNS,
    );
  });

  it("signatures, and each accepts what the other signed", () => {
    fc.assert(
      fc.property(seed, message, (bytes, text) => {
        const keys = nacl.sign.keyPair.fromSeed(bytes);
        const theirs = nacl.sign.detached(text, keys.secretKey);
        const ours = sign(text, keys.secretKey);
        expect(ours).toBe(toBase64(theirs));
        expect(verify(text, toBase64(theirs), toBase64(keys.publicKey))).toBe(true);
        expect(nacl.sign.detached.verify(text, new Uint8Array(Buffer.from(ours, "base64")), keys.publicKey)).toBe(true);
      }),
      RUNS,
    );
  });

  it("refusals: a changed message, signature or key", () => {
    fc.assert(
      fc.property(seed, fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(), (bytes, text, at) => {
        const keys = nacl.sign.keyPair.fromSeed(bytes);
        const signature = nacl.sign.detached(text, keys.secretKey);
        const flip = (array: Uint8Array) => array.map((byte, i) => (i === at % array.length ? byte ^ 4 : byte));
        for (const [t, s, k] of [
          [flip(text), signature, keys.publicKey],
          [text, flip(signature), keys.publicKey],
          [text, signature, flip(keys.publicKey)],
        ]) {
          expect(verify(t, toBase64(s), toBase64(k))).toBe(false);
          expect(nacl.sign.detached.verify(t, s, k)).toBe(false);
        }
      }),
      RUNS,
    );
  });
});
