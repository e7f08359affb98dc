import { readFileSync } from "node:fs";
import { philox4x32 } from "@fedbaps/core/math/philox.js";
import { describe, expect, it } from "@jest/globals";

const { philox4x32x10 } = JSON.parse(readFileSync("tests/vectors/philox.json", "utf8"));
const words = (texts: string[]) => texts.map((text) => Number.parseInt(text, 16));

/** The same function written with 64-bit products: what the 32-bit arithmetic must come to. */
function reference(key: readonly number[], counter: readonly number[]): number[] {
  let [k0, k1] = key.map(BigInt);
  let [c0, c1, c2, c3] = counter.map(BigInt);
  const word = (value: bigint) => BigInt.asUintN(32, value);
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, word(p1), (p0 >> 32n) ^ c3 ^ k1, word(p0)];
    k0 = word(k0 + 0x9e3779b9n);
    k1 = word(k1 + 0xbb67ae85n);
  }
  return [c0, c1, c2, c3].map(Number);
}

function block(key: readonly number[], counter: readonly number[]): number[] {
  const out = new Uint32Array(4);
  philox4x32(key, counter, out);
  return [...out];
}

describe("Philox4x32-10", () => {
  it("gives the published answers of Random123", () => {
    expect(philox4x32x10).toHaveLength(3);
    for (const { key, counter, output } of philox4x32x10)
      expect(block(words(key), words(counter))).toEqual(words(output));
  });

  it("multiplies to the full 64 bits, carries included", () => {
    const edges = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffffff];
    for (const a of edges)
      for (const b of edges) expect(block([a, b], [b, a, a, b])).toEqual(reference([a, b], [b, a, a, b]));
  });

  it("changes about half of all bits with one bit of the counter or the key", () => {
    const base = block([1, 2], [3, 4, 5, 6]);
    const bits = (other: number[]) =>
      other.reduce((sum, word, i) => sum + ((word ^ base[i]) >>> 0).toString(2).replaceAll("0", "").length, 0);
    for (const other of [block([1, 2], [2, 4, 5, 6]), block([1, 2], [3, 4, 5, 7]), block([0, 2], [3, 4, 5, 6])]) {
      expect(bits(other)).toBeGreaterThan(40);
      expect(bits(other)).toBeLessThan(88);
    }
  });
});
