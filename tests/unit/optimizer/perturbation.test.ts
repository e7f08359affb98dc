import { readFileSync } from "node:fs";
import { perturbation } from "@fedbaps/core/optimizer/perturbation.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const vectors = JSON.parse(readFileSync("tests/vectors/random-streams.json", "utf8"));
const KINDS = ["rademacher", "segmented-uniform"] as const;

describe("a perturbation", () => {
  it("of +1 and -1 has the pinned signs for ever", () => {
    for (const { seed, name, signs } of vectors.rademacher) {
      const drawn = perturbation("rademacher", signs.length, seed, ...name);
      expect([...drawn].map((value) => (value > 0 ? "+" : "-")).join("")).toBe(signs);
    }
  });

  it("of segmented-uniform magnitudes has the pinned values for ever", () => {
    for (const { seed, name, values } of vectors.segmentedUniform)
      expect([...perturbation("segmented-uniform", values.length, seed, ...name)]).toEqual(values);
  });

  it.each(KINDS)("%s: can be rebuilt from its name alone, and a shorter one is its beginning", (kind) => {
    const first = perturbation(kind, 1000, 3, "site", 17, 2);
    perturbation(kind, 5, 3, "site", 17, 3);
    expect(sameBits(perturbation(kind, 1000, 3, "site", 17, 2), first)).toBe(true);
    expect(sameBits(perturbation(kind, 33, 3, "site", 17, 2), first.subarray(0, 33))).toBe(true);
  });

  it.each(KINDS)("%s: another seed, site, step or index is another direction", (kind) => {
    const base = perturbation(kind, 2000, 3, "site", 17, 2);
    const others = [
      perturbation(kind, 2000, 4, "site", 17, 2),
      perturbation(kind, 2000, 3, "other", 17, 2),
      perturbation(kind, 2000, 3, "site", 18, 2),
      perturbation(kind, 2000, 3, "site", 17, 3),
    ];
    for (const other of others) {
      const cosine = base.reduce((sum, value, i) => sum + Math.sign(value) * Math.sign(other[i]), 0) / 2000;
      expect(Math.abs(cosine)).toBeLessThan(4 / Math.sqrt(2000));
    }
  });

  it.each(KINDS)("%s: has as many positive as negative values, in every place", (kind) => {
    const count = 600;
    const sums = new Float64Array(64);
    for (let step = 0; step < count; step++)
      for (const [i, value] of perturbation(kind, 64, 1, "balance", step, 0).entries()) sums[i] += Math.sign(value);
    // Standard deviation sqrt(count) in each place: 4.5 of them for the worst of 64.
    expect(Math.max(...sums.map(Math.abs))).toBeLessThan(4.5 * Math.sqrt(count));
    expect(Math.abs(sums.reduce((a, b) => a + b, 0))).toBeLessThan(4 * Math.sqrt(64 * count));
  });

  it("has magnitudes of exactly one, or uniform in [0.5, 1) and independent of the sign", () => {
    expect(perturbation("rademacher", 3000, 1, "m").every((value) => value === 1 || value === -1)).toBe(true);
    const drawn = perturbation("segmented-uniform", 8000, 1, "m");
    const magnitudes = drawn.map(Math.abs);
    expect(magnitudes.every((value) => value >= 0.5 && value < 1)).toBe(true);
    const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
    const error = 0.5 / Math.sqrt(12 * 4000);
    expect(Math.abs(mean(magnitudes) - 0.75)).toBeLessThan(4 * error);
    expect(Math.abs(mean(magnitudes.filter((_, i) => drawn[i] > 0)) - 0.75)).toBeLessThan(5 * error);
  });

  it("of +1 and -1 does not repeat after the 32 bits of a word", () => {
    const drawn = perturbation("rademacher", 64, 5, "words");
    expect(sameBits(drawn.subarray(0, 32), drawn.subarray(32))).toBe(false);
  });
});
