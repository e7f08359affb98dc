import {
  concatBytes,
  equalBytes,
  fromBase64,
  toBase64,
  toHex,
  transcript,
  uint32Bytes,
} from "@fedbaps/core/common/bytes.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

/** What `transcript` wrote, read back by its own rule: a length, then so many bytes. */
function fieldsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    fields.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

const text = fc.string({ unit: "grapheme" });

describe("a transcript", () => {
  it("can be read back field by field, so no two lists of fields give the same bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.uint8Array())), (fields) => {
        const read = fieldsOf(transcript(...fields));
        expect(read).toHaveLength(fields.length);
        for (const [i, field] of fields.entries())
          expect(equalBytes(read[i], typeof field === "string" ? Buffer.from(field, "utf8") : field)).toBe(true);
      }),
    );
  });

  it("differs for any two different lists of texts", () => {
    fc.assert(
      fc.property(fc.array(text), fc.array(text), (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(equalBytes(transcript(...a), transcript(...b))).toBe(false);
      }),
    );
    const cuts = [["ab"], ["a", "b"], ["", "ab"], ["ab", ""], ["a", "", "b"], []];
    expect(new Set(cuts.map((cut) => toHex(transcript(...cut)))).size).toBe(cuts.length);
  });

  it("writes numbers as four little-endian bytes", () => {
    expect(toHex(transcript("é", 258))).toBe("02000000c3a90400000002010000");
    fc.assert(fc.property(fc.nat(0xffffffff), (n) => Buffer.from(uint32Bytes(n)).readUInt32LE() === n));
  });
});

describe("byte helpers", () => {
  it("take a view for what it shows, not for the buffer behind it", () => {
    const view = Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    expect(toHex(view)).toBe("010203");
    expect(toBase64(view)).toBe("AQID");
    expect([...concatBytes(view, new Uint8Array(0), view)]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it("go through base64 and back", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => equalBytes(fromBase64(toBase64(bytes)), bytes)));
  });

  it("compare content and length", () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
  });
});
