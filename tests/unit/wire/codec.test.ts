import { concatBytes, toHex } from "@fedbaps/core/common/bytes.js";
import { decodeRing, encodeRing } from "@fedbaps/core/wire/codec.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf } from "../../support/codes.js";
import { fc } from "../../support/property.js";

describe("ring vectors as bytes", () => {
  it("come back as they were, also from the middle of a larger buffer", () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 50 }), fc.nat(3), (vector, offset) => {
        const bytes = concatBytes(new Uint8Array(offset), encodeRing(vector));
        expect([...decodeRing(bytes.subarray(offset), vector.length)]).toEqual([...vector]);
      }),
    );
  });

  it("are little-endian on every machine", () => {
    expect(toHex(encodeRing(Uint32Array.of(1, 0xfffefdfc)))).toBe("01000000fcfdfeff");
  });

  it("are copies: writing to one side does not change the other", () => {
    const vector = Uint32Array.of(1, 2);
    const bytes = encodeRing(vector);
    const read = decodeRing(bytes, 2);
    bytes.fill(255);
    expect([...vector, ...read]).toEqual([1, 2, 1, 2]);
  });

  it("are refused at any other length", async () => {
    for (const [bytes, length] of [
      [8, 1],
      [8, 3],
      [7, 2],
      [9, 2],
      [0, 1],
    ])
      expect(await codeOf(() => decodeRing(new Uint8Array(bytes), length))).toBe("VECTOR_LENGTH");
  });
});
