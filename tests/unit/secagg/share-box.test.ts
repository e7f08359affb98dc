import { concatBytes, toBase64, transcript } from "@fedbaps/core/common/bytes.js";
import { seal } from "@fedbaps/core/secagg/keys.js";
import { hkdf } from "@fedbaps/core/secagg/masks.js";
import { openShares, SHARE_BYTES, sealShares } from "@fedbaps/core/secagg/share-box.js";
import { shareBoxInfo } from "@fedbaps/core/secagg/transcripts.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, seededBytes } from "../../protocol/parties.js";

const random = seededBytes(1);
const secret = random(32);
const reference = { study: "study", round: 1, attempt: 1 };
const shares = { selfMask: random(SHARE_BYTES.selfMask), maskKey: random(SHARE_BYTES.maskKey) };
const sealed = sealShares(secret, reference, { from: "a", to: "b", shares }, random);

describe("sealed shares", () => {
  it("open for whom they were sealed, in the attempt they were sealed for", () => {
    expect(openShares(secret, reference, sealed)).toEqual(shares);
    const attempts = [
      () => openShares(random(32), reference, sealed),
      () => openShares(secret, { ...reference, attempt: 2 }, sealed),
      () => openShares(secret, reference, { ...sealed, from: "b", to: "a" }),
      () => openShares(secret, reference, { ...sealed, to: "c" }),
    ];
    for (const attempt of attempts) expect(codeThrown(attempt)).toBe("BAD_BOX");
  });

  it("are refused where a peer sealed something else under the right key", () => {
    const { selfMask, maskKey } = shares;
    const wrong = [
      concatBytes(transcript("a", "c"), selfMask, maskKey),
      concatBytes(transcript("b", "a"), selfMask, maskKey),
      concatBytes(transcript("a", "b"), selfMask, maskKey.slice(1)),
      concatBytes(transcript("a", "b"), selfMask, maskKey, Uint8Array.of(0)),
      new Uint8Array(0),
    ];
    for (const plain of wrong) {
      const box = toBase64(seal(plain, hkdf(secret, shareBoxInfo(reference, "a", "b")), random));
      expect(codeThrown(() => openShares(secret, reference, { from: "a", to: "b", box }))).toBe("BAD_BOX");
    }
  });
});
