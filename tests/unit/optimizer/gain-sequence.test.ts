import { cosineGains, steppedGains } from "@fedbaps/core/optimizer/gain-sequence.js";
import { describe, expect, it } from "@jest/globals";

describe("the published gains", () => {
  const gains = steppedGains({ a: 1, c: 0.01, gamma: 0.1 });

  it("keep the step for 300 steps and then take a third", () => {
    expect([0, 299].map(gains.step)).toEqual([1, 1]);
    expect(gains.step(300)).toBeCloseTo(0.33, 12);
    expect(gains.step(600)).toBeCloseTo(0.33 ** 2, 12);
  });

  it("shrink the perturbation as (k + 1)^-gamma, counted from step 0", () => {
    expect(gains.perturbation(0)).toBe(0.01);
    expect(gains.perturbation(1023)).toBeCloseTo(0.005, 12);
  });
});

describe("cosine gains", () => {
  const gains = cosineGains({ a: 2, steps: 100, floor: 0.1, c: 0.4, gamma: 0 });

  it("go from a to floor x a, half-way in the middle, and stay there", () => {
    expect(gains.step(0)).toBe(2);
    expect(gains.step(50)).toBeCloseTo(1.1, 12);
    expect(gains.step(100)).toBeCloseTo(0.2, 12);
    expect(gains.step(1000)).toBeCloseTo(0.2, 12);
    for (let k = 1; k <= 100; k++) expect(gains.step(k)).toBeLessThan(gains.step(k - 1));
  });

  it("leave the perturbation alone with gamma 0, and are finite for a run of no steps", () => {
    expect([0, 7, 1000].map(gains.perturbation)).toEqual([0.4, 0.4, 0.4]);
    expect(Number.isFinite(cosineGains({ a: 2, steps: 0, floor: 0.1, c: 1, gamma: 0 }).step(0))).toBe(true);
  });
});
