import {
  HIDDEN,
  hasTextures,
  initialTexture,
  textureLayout,
  texturesOf,
  withTextures,
} from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES } from "@fedbaps/core/guide/guide.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-batch.js";
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
      "texture.inside",
      "texture.outside",
      "amount",
    ]);
    expect(textureLayout.entry("head.weight").shape).toEqual([GUIDE_FEATURES, HIDDEN]);
    expect(HEAD_LENGTH).toBe(textureLayout.entry("texture.inside").offset);
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

describe("textures", () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => 0.1 * (i + 1));

  it("are the inside's values, then the outside's, in place; none is there at the start", () => {
    const theta = initialTexture(3);
    expect([texturesOf(theta).length, hasTextures(theta)]).toEqual([24, false]);
    texturesOf(theta).set(values);
    expect([...view(theta, "texture.inside"), ...view(theta, "texture.outside")]).toEqual([...values]);
    expect(hasTextures(theta)).toBe(true);
  });

  it("are painted in full by a copy that is given them; nothing else changes", () => {
    const theta = initialTexture(3);
    view(theta, "amount").fill(0.2);
    const before = theta.slice();
    const out = withTextures(theta, values);
    expect(sameBits(theta, before)).toBe(true);
    expect([...texturesOf(out)]).toEqual([...values]);
    expect([...view(out, "amount")]).toEqual([1, 1]);
    expect(sameBits(out.subarray(0, HEAD_LENGTH), theta.subarray(0, HEAD_LENGTH))).toBe(true);
  });
});
