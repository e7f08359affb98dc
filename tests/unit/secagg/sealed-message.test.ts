import { createBoxKeys } from "@fedbaps/core/secagg/keys.js";
import { openSealed, sealTo } from "@fedbaps/core/secagg/sealed-message.js";
import { expect, it } from "@jest/globals";
import { seededBytes } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";

const random = seededBytes(1);
const { publicKey, secretKey } = createBoxKeys(random);

it("opens for the holder of the key only, and tells nothing of the message but its length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
      const sealed = sealTo(publicKey, message, random);
      expect(sealed).toHaveLength(32 + 24 + 16 + message.length);
      expect(openSealed(sealed, secretKey)).toEqual(message);
      expect(openSealed(sealed, createBoxKeys(random).secretKey)).toBeNull();
    }),
  );
  const message = new Uint8Array(40).fill(7);
  expect(sealTo(publicKey, message, random)).not.toEqual(sealTo(publicKey, message, random));
});

it("does not open where a byte was changed, or is missing", () => {
  const sealed = sealTo(publicKey, new Uint8Array([1, 2, 3]), random);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at] ^= 1;
    // The top bit of an X25519 key is ignored: bit 0 is not it.
    expect(openSealed(changed, secretKey)).toBeNull();
    expect(openSealed(sealed.slice(0, at), secretKey)).toBeNull();
  }
});
