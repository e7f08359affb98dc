import { createCipheriv } from "node:crypto";
import {
  addMask,
  addWords,
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
    for (const length of [1, 2, 3, 4, 5, 8191, 8192, 8193, 65_537, 200_001]) {
      const vector = new Uint32Array(length);
      addMask(vector, layer);
      const stream = createCipheriv("aes-256-ctr", layer.seed, Buffer.alloc(16)).update(Buffer.alloc(length * 4));
      expect(Buffer.compare(Buffer.from(vector.buffer), stream)).toBe(0);
    }
  });

  it("are added and taken off modulo 2^32, at every length and place in memory", () => {
    const random = makeInputs(["a", "b"], 40);
    const [a, b] = [random.get("a")!, random.get("b")!];
    for (let length = 0; length <= 10; length++)
      for (const sign of [1, -1] as const) {
        const target = a.slice();
        addWords(target.subarray(3, 3 + length), b.subarray(5, 5 + length), sign);
        const expected = a.map((word, i) => {
          const inside = i >= 3 && i < 3 + length;
          return Number(BigInt.asUintN(32, BigInt(word) + BigInt(sign) * BigInt(inside ? b[i + 2] : 0)));
        });
        expect(target).toEqual(expected);
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
