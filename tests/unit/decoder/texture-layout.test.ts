import { CANDIDATES, HIDDEN, initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES } from "@fedbaps/core/guide/guide.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-training.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const view = (theta: Float32Array, name: string) => textureLayout.view(theta, name);

describe("the layout of the texture decoder", () => {
  it("begins with the head, as training takes it, and ends with the textures, their poll and their amounts", () => {
    expect(textureLayout.entries.map(({ name }) => name)).toEqual([
      "head.weight",
      "head.bias",
      "head.out",
      "head.out_bias",
      "texture.inside",
      "texture.outside",
      "poll.number",
      "poll.score",
      "amount",
    ]);
    expect(textureLayout.entry("head.weight").shape).toEqual([GUIDE_FEATURES, HIDDEN]);
    expect(HEAD_LENGTH).toBe(textureLayout.entry("texture.inside").offset);
    expect(textureLayout.entry("poll.score").size).toBe(CANDIDATES);
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
