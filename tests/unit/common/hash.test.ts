import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

/** The same value with the keys of every object in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

// Without "__proto__": an object literal cannot hold it as a plain key.
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));

describe("canonical JSON", () => {
  it("sorts keys at every depth and leaves lists in order", () => {
    expect(canonicalJson({ b: [{ z: 1, a: "x" }, 2], a: null, A: true })).toBe(
      '{"A":true,"a":null,"b":[{"a":"x","z":1},2]}',
    );
  });

  it("is JSON of the same value, whatever order it was built in", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });

  it("leaves out what is undefined, as JSON does, so an absent field and an undefined one hash alike", () => {
    expect(canonicalJson({ a: 1, b: undefined })).toBe(canonicalJson({ a: 1 }));
  });

  it("keeps apart what JSON keeps apart", () => {
    const values = [{}, [], "", 0, "0", null, "null", { a: 1 }, { a: "1" }, [1, 2], [2, 1], [[1], 2], "a\nb", 'a"b'];
    expect(new Set(values.map(canonicalJson)).size).toBe(values.length);
  });
});

describe("SHA-256", () => {
  it("gives the published answers, over parts as over the whole", () => {
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha256Hex("a", Uint8Array.of(98), "c")).toBe(sha256Hex("abc"));
  });
});
