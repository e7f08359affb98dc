import { createCipheriv } from "node:crypto";
import {
  addMask,
  inverse,
  openSelfMaskSecret,
  pairLayer,
  selfLayer,
  selfMaskSecret,
} from "@fedbaps/core/secagg/masks.js";
import { describe, expect, it } from "@jest/globals";
import { makeInputs, seededBytes } from "../../protocol/parties.js";

const reference = { study: "study", round: 2, attempt: 1 };
const secret = seededBytes(5)(32);

/** Chi-square of byte counts against the uniform distribution, 255 degrees of freedom: mean 255, deviation 22.6. */
function chiSquare(bytes: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte]++;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("masks", () => {
  it("of a pair cancel, and an inverse layer takes a mask off", () => {
    const input = makeInputs(["a"], 1000).get("a")!;
    const vector = input.slice();
    addMask(vector, pairLayer(secret, reference, "a", "b"));
    expect(vector).not.toEqual(input);
    addMask(vector, pairLayer(secret, reference, "b", "a"));
    expect(vector).toEqual(input);
    const own = selfLayer(secret, reference, "a");
    addMask(vector, own);
    addMask(vector, inverse(own));
    expect(vector).toEqual(input);
  });

  it("are the AES key stream also where the vector is longer than one chunk and at odd lengths", () => {
    const layer = selfLayer(secret, reference, "a");
    for (const length of [1, 3, 65_535, 65_536, 65_537, 200_001]) {
      const vector = new Uint32Array(length);
      addMask(vector, layer);
      const stream = createCipheriv("aes-256-ctr", layer.seed, Buffer.alloc(16)).update(Buffer.alloc(length * 4));
      expect(Buffer.compare(Buffer.from(vector.buffer), stream)).toBe(0);
    }
  });

  it("differ with study, round, attempt, site and purpose", () => {
    const seeds = [
      pairLayer(secret, reference, "a", "b"),
      pairLayer(secret, reference, "a", "c"),
      pairLayer(secret, { ...reference, study: "other" }, "a", "b"),
      pairLayer(secret, { ...reference, round: 3 }, "a", "b"),
      pairLayer(secret, { ...reference, attempt: 2 }, "a", "b"),
      selfLayer(secret, reference, "a"),
      selfLayer(secret, reference, "b"),
      selfLayer(secret, { ...reference, attempt: 2 }, "a"),
    ].map(({ seed }) => Buffer.from(seed).toString("hex"));
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  it("look uniform: bytes, and differences of neighbouring words", () => {
    const vector = new Uint32Array(100_000);
    addMask(vector, pairLayer(secret, reference, "a", "b"));
    const steps = vector.map((value, i) => value - vector[(i + 1) % vector.length]);
    for (const words of [vector, steps]) {
      const statistic = chiSquare(new Uint8Array(words.buffer));
      // Five deviations either way, and fixed seeds: passes always or never.
      expect(statistic).toBeGreaterThan(142);
      expect(statistic).toBeLessThan(368);
    }
  });
});

describe("the self-mask secret", () => {
  it("gives its seed back, and refuses any changed byte", () => {
    const shared = selfMaskSecret(secret);
    expect(openSelfMaskSecret(shared)).toEqual(secret);
    for (let i = 0; i < shared.length; i++) {
      const altered = shared.slice();
      altered[i] ^= 1;
      expect(openSelfMaskSecret(altered)).toBeNull();
    }
    expect(openSelfMaskSecret(shared.slice(0, 47))).toBeNull();
  });
});
