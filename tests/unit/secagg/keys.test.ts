import { toBase64, utf8 } from "@fedbaps/core/common/bytes.js";
import {
  agree,
  createIdentity,
  draw,
  fingerprint,
  memberOf,
  open,
  seal,
  sign,
  verify,
} from "@fedbaps/core/secagg/keys.js";
import { memberSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, seededBytes } from "../../protocol/parties.js";

const identity = createIdentity("north", seededBytes(1));
const other = createIdentity("south", seededBytes(2));
const message = utf8("what is signed");

// RFC 7748, section 6.1 and the usual list of points of small order on Curve25519.
const LOW_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((text) => new Uint8Array(Buffer.from(text, "hex")));

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
  it("refuses points of low order and wrong lengths", () => {
    for (const point of LOW_ORDER) expect(codeThrown(() => agree(identity.box.secretKey, point, "x"))).toBe("BAD_KEY");
    expect(codeThrown(() => agree(identity.box.secretKey, new Uint8Array(31), "x"))).toBe("BAD_KEY");
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
