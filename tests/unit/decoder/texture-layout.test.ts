import { createHash } from "node:crypto";
import {
  CANDIDATES,
  candidatePairs,
  electedCandidate,
  HIDDEN,
  initialTexture,
  textureLayout,
} from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES } from "@fedbaps/core/guide/guide.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-training.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const view = (theta: Float32Array, name: string) => textureLayout.view(theta, name);

describe("the layout of the texture decoder", () => {
  it("begins with the head, as training takes it, and ends with the textures and their amounts", () => {
    expect(textureLayout.entries.map(({ name }) => name)).toEqual([
      "head.weight",
      "head.bias",
      "head.out",
      "head.out_bias",
      "poll.score",
      "texture.inside",
      "texture.outside",
      "amount",
    ]);
    expect(textureLayout.entry("head.weight").shape).toEqual([GUIDE_FEATURES, HIDDEN]);
    expect(HEAD_LENGTH).toBe(textureLayout.entry("poll.score").offset);
    expect(textureLayout.entry("poll.score").size).toBe(CANDIDATES);
  });
});

describe("the candidates", () => {
  it("are those of every study: their bits do not change", () => {
    const hash = createHash("sha256");
    for (const { inside, outside } of candidatePairs)
      hash.update(new Uint8Array(inside.buffer)).update(new Uint8Array(outside.buffer));
    expect(hash.digest("hex")).toBe("cbe891bbdcb7a2753fa90de76688c342ae7dd56578290a47c02aba37abe793d0");
    expect(candidatePairs).toHaveLength(CANDIDATES);
  });

  it("are signs of one strength, no pair like another", () => {
    const all = candidatePairs.map(({ inside, outside }) => [...inside, ...outside]);
    expect(new Set(all.flat())).toEqual(new Set([Math.fround(1.2), -Math.fround(1.2)]));
    expect(new Set(all.map(String)).size).toBe(CANDIDATES);
  });

  it("are elected by the highest score, the first of equals, whatever lies beside the scores", () => {
    const theta = new Float32Array(textureLayout.length).fill(9);
    const scores = view(theta, "poll.score").fill(0);
    expect(electedCandidate(theta)).toBe(0);
    scores[CANDIDATES - 1] = 0.25;
    expect(electedCandidate(theta)).toBe(CANDIDATES - 1);
    scores[7] = 0.5;
    scores[12] = 0.5;
    expect(electedCandidate(theta)).toBe(7);
  });
});

describe("the parameters to start from", () => {
  it("hold random weights of the hidden layer and nothing else", () => {
    const theta = initialTexture(3);
    const { size } = textureLayout.entry("head.weight");
    const weights = view(theta, "head.weight");
    expect(theta.subarray(size).every((value) => value === 0)).toBe(true);
    const variance = weights.reduce((sum, value) => sum + value * value, 0) / size;
    expect(variance * GUIDE_FEATURES).toBeGreaterThan(1.8);
    expect(variance * GUIDE_FEATURES).toBeLessThan(2.2);
    expect(Math.abs(weights.reduce((a, b) => a + b, 0) / size)).toBeLessThan(0.02);
  });

  it("depend on the seed alone", () => {
    expect(sameBits(initialTexture(3), initialTexture(3))).toBe(true);
    expect(sameBits(initialTexture(3), initialTexture(4))).toBe(false);
  });
});
