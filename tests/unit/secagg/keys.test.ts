import { toBase64, utf8 } from "@fedbaps/core/common/bytes.js";
import {
  agree,
  createIdentity,
  draw,
  fingerprint,
  memberOf,
  open,
  requireFullOrder,
  seal,
  sign,
  verify,
} from "@fedbaps/core/secagg/keys.js";
import { memberSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import nacl from "tweetnacl";
import { codeThrown, seededBytes } from "../../protocol/parties.js";
import { LOW_ORDER } from "../../support/low-order.js";

const identity = createIdentity("north", seededBytes(1));
const other = createIdentity("south", seededBytes(2));
const message = utf8("what is signed");

const point = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

/** The same point to X25519, which ignores the top bit (RFC 7748, section 5). */
const withTopBit = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 31 ? byte | 0x80 : byte));

// The other five of Bernstein's list (see LOW_ORDER) are of small order only where all 256 bits count: the two of order 8, plus p, and
// 2p - 1, 2p, 2p + 1.
const LOW_ORDER_IN_256_BITS = [
  "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
  "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
  "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].map(point);

describe("identities", () => {
  it("come from the injected source alone, and differ with it", () => {
    expect(createIdentity("north", seededBytes(1))).toEqual(identity);
    expect(memberOf(other)).not.toEqual(memberOf(identity));
    expect(memberSchema.parse(memberOf(identity)).site).toBe("north");
  });

  it("a source that runs short is refused instead of padded", () => {
    expect(codeThrown(() => draw(() => new Uint8Array(31), 32))).toBe("BAD_RANDOM");
  });

  it("fingerprints are 64 digits in groups of four and tell keys apart", () => {
    const print = fingerprint(memberOf(identity).signKey);
    expect(print).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
    expect(fingerprint(memberOf(other).signKey)).not.toBe(print);
  });
});

describe("signatures", () => {
  const signature = sign(message, identity.sign.secretKey);
  const { signKey } = memberOf(identity);

  it("hold for the message and key that they were made with, and no other", () => {
    expect(verify(message, signature, signKey)).toBe(true);
    expect(verify(utf8("what is signeD"), signature, signKey)).toBe(false);
    expect(verify(message, signature, memberOf(other).signKey)).toBe(false);
  });

  it("any changed byte spoils them", () => {
    const bytes = Buffer.from(signature, "base64");
    for (let i = 0; i < bytes.length; i++) {
      const altered = new Uint8Array(bytes);
      altered[i] ^= 1;
      expect(verify(message, toBase64(altered), signKey)).toBe(false);
    }
  });

  it("malformed ones are false, not an error", () => {
    expect(verify(message, "", signKey)).toBe(false);
    expect(verify(message, signature, "")).toBe(false);
    expect(verify(message, signature, toBase64(new Uint8Array(32).fill(255)))).toBe(false);
  });
});

describe("agreement and boxes", () => {
  it("refuses every point of low order, with the top bit or without, whatever the secret key", () => {
    const secrets = [identity.box.secretKey, new Uint8Array(32), new Uint8Array(32).fill(255), seededBytes(8)(32)];
    for (const lowOrder of LOW_ORDER.flatMap((bytes) => [bytes, withTopBit(bytes)])) {
      for (const secret of secrets) expect(codeThrown(() => agree(secret, lowOrder, "x"))).toBe("BAD_KEY");
      expect(codeThrown(() => requireFullOrder(lowOrder, "x"))).toBe("BAD_KEY");
    }
  });

  it("agrees with points that are of low order only to who reads the top bit, as tweetnacl does", () => {
    for (const bytes of LOW_ORDER_IN_256_BITS) {
      requireFullOrder(bytes, "x");
      const shared = agree(identity.box.secretKey, bytes, "x");
      expect(shared).toEqual(nacl.scalarMult(identity.box.secretKey, bytes));
      expect(shared.some((byte) => byte !== 0)).toBe(true);
    }
  });

  it("refuses keys of a wrong length, and lets ordinary ones pass", () => {
    for (const length of [0, 31, 33]) {
      expect(codeThrown(() => agree(identity.box.secretKey, new Uint8Array(length).fill(9), "x"))).toBe("BAD_KEY");
      expect(codeThrown(() => requireFullOrder(new Uint8Array(length).fill(9), "x"))).toBe("BAD_KEY");
    }
    expect(() => requireFullOrder(other.box.publicKey, "x")).not.toThrow();
  });

  it("opens what it sealed and nothing else", () => {
    const key = new Uint8Array(32).fill(7);
    const sealed = seal(message, key, seededBytes(3));
    expect(open(sealed, key)).toEqual(message);
    expect(open(sealed, new Uint8Array(32))).toBeNull();
    expect(open(sealed.slice(0, 10), key)).toBeNull();
    for (const i of [0, 23, 24, sealed.length - 1]) {
      const altered = sealed.slice();
      altered[i] ^= 0x80;
      expect(open(altered, key)).toBeNull();
    }
  });
});
