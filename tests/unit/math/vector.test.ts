import { mean, norm2, shifted, standardError } from "@fedbaps/core/math/vector.js";
import { describe, expect, it } from "@jest/globals";

describe("flat vectors", () => {
  it("are shifted into a new vector", () => {
    const base = Float32Array.of(1, 2);
    expect([...shifted(base, -2, [1, 0.5])]).toEqual([-1, 1]);
    expect([...base]).toEqual([1, 2]);
  });

  it("have norms summed in float64: a float32 sum would stop growing", () => {
    const ones = new Float32Array(2 ** 14).fill(1);
    ones[0] = 2 ** 13;
    expect(norm2(ones)).toBe(Math.sqrt(2 ** 26 + 2 ** 14 - 1));
    expect(norm2(Float32Array.of(3, 4))).toBe(5);
  });
});

describe("means", () => {
  it("come with the standard error of n - 1, worked by hand", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(standardError([1, 2, 6])).toBeCloseTo(Math.sqrt((4 + 1 + 9) / 2 / 3), 12);
    expect(standardError([5])).toBe(0);
    expect(mean([])).toBeNaN();
  });
});
