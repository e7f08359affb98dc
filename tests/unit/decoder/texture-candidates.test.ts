import { createHash } from "node:crypto";
import {
  candidatePair,
  hasTextures,
  pollNumber,
  sharedCandidate,
  type TexturePair,
  texturesInUse,
  withTextures,
} from "@fedbaps/core/decoder/texture-candidates.js";
import { CANDIDATES, initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const valuesOf = ({ inside, outside }: TexturePair) => Float32Array.of(...inside, ...outside);
const all = (theta: Float32Array, ...name: (string | number)[]) =>
  Array.from({ length: CANDIDATES }, (_, index) => valuesOf(candidatePair(theta, index, ...name)));

const START = initialTexture(1);
/** A pair in use, of values that are all different. */
const used: TexturePair = {
  inside: Float32Array.from({ length: 12 }, (_, i) => (i % 2 ? -1 : 1) * (0.6 + 0.05 * i)),
  outside: Float32Array.from({ length: 12 }, (_, i) => (i % 3 ? -1 : 1) * (0.7 + 0.05 * i)),
};
const theta = withTextures(START, used);

describe("the candidates of a poll", () => {
  it("are random signs of one strength while there is no pair, none like another", () => {
    expect(hasTextures(START)).toBe(false);
    const pairs = all(START, "own", 1);
    const strength = Math.fround(1.2);
    expect(new Set(pairs.flatMap((pair) => [...pair]))).toEqual(new Set([strength, -strength]));
    expect(new Set(pairs.map(String)).size).toBe(CANDIDATES);
  });

  it("are the pair itself and changes of it: at most three values turned over, or all shifted a little", () => {
    const own = valuesOf(used);
    const [first, ...others] = all(theta, "own", 1);
    expect(sameBits(first, own)).toBe(true);
    let flipped = 0;
    for (const pair of others) {
      const changed = [...pair.keys()].filter((i) => pair[i] !== own[i]);
      if (changed.length <= 3) {
        flipped++;
        expect(changed.every((i) => pair[i] === -own[i])).toBe(true);
      } else {
        expect(changed).toHaveLength(24);
        expect(pair.every((value) => Math.abs(value) <= Math.fround(2.2))).toBe(true);
        const square = pair.reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0) / 24;
        expect(Math.sqrt(square)).toBeLessThan(0.9);
      }
    }
    expect(flipped).toBeGreaterThan(10);
    expect(flipped).toBeLessThan(37);
  });

  it("are the same for the same name and pair, and others for another name", () => {
    for (const from of [START, theta]) {
      const base = all(from, "shared", 2);
      expect(all(from, "shared", 2)).toEqual(base);
      expect(all(from, "shared", 3)).not.toEqual(base);
      expect(valuesOf(sharedCandidate(from, 7, 2))).toEqual(base[7]);
    }
  });

  it("are those of every site and release: their bits do not change", () => {
    const hash = createHash("sha256");
    for (const pair of all(START, "shared", 1)) hash.update(new Uint8Array(pair.buffer));
    expect(hash.digest("hex")).toBe("439796d5de2e119f53d5b89f14aa4e0addff3a11c89db546d915f61c4f1f679e");
  });
});

describe("what is painted", () => {
  it("is the pair in use, a copy of it, where there are no scores", () => {
    const pair = texturesInUse(theta);
    expect(valuesOf(pair)).toEqual(valuesOf(used));
    pair.inside.fill(9);
    expect(texturesInUse(theta).inside).toEqual(used.inside);
  });

  it("is the shared candidate with the highest score, the first of equals, of the poll in hand", () => {
    const voted = theta.slice();
    // As an average comes back from a sum in fixed point.
    textureLayout.view(voted, "poll.number")[0] = 2.0001;
    expect(pollNumber(voted)).toBe(2);
    const scores = textureLayout.view(voted, "poll.score");
    scores[31] = 0.25;
    expect(texturesInUse(voted)).toEqual(sharedCandidate(theta, 31, 2));
    scores[12] = 0.5;
    scores[7] = 0.5;
    expect(texturesInUse(voted)).toEqual(sharedCandidate(theta, 7, 2));
  });
});

it("parameters that are given a pair paint it in full, and hold no scores; the given ones stay as they are", () => {
  const voted = theta.slice();
  textureLayout.view(voted, "poll.number")[0] = 3;
  textureLayout.view(voted, "poll.score")[5] = 0.5;
  textureLayout.view(voted, "amount").fill(0.2);
  const copy = voted.slice();
  const pair = candidatePair(START, 4, "own");
  const out = withTextures(voted, pair);
  expect(sameBits(voted, copy)).toBe(true);
  expect(texturesInUse(out)).toEqual(pair);
  expect([...textureLayout.view(out, "amount")]).toEqual([1, 1]);
  expect(pollNumber(out)).toBe(3);
  const end = textureLayout.entry("texture.inside").offset;
  expect(sameBits(out.subarray(0, end), voted.subarray(0, end))).toBe(true);
});
