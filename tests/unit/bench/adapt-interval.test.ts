import { describe, expect, it } from "@jest/globals";
import { intervalOf, tQuantile } from "../../bench/adapt-interval.js";

describe("intervals over seeds", () => {
  it("uses Student's t, as in printed tables", () => {
    const table = { 1: 12.706, 2: 4.303, 4: 2.776, 5: 2.571, 6: 2.447, 9: 2.262, 30: 2.042, 1000: 1.962 };
    for (const [freedom, value] of Object.entries(table)) expect(tQuantile(Number(freedom))).toBeCloseTo(value, 2);
    expect(() => tQuantile(0)).toThrow(RangeError);
  });

  it("is centred on the mean and as wide as t standard errors", () => {
    const { mean, low, high, count } = intervalOf([0.1, 0.2, 0.3]);
    expect(count).toBe(3);
    expect(mean).toBeCloseTo(0.2, 12);
    expect(high - mean).toBeCloseTo(4.3027 * (0.1 / Math.sqrt(3)), 6);
    expect(mean - low).toBeCloseTo(high - mean, 12);
  });

  it("says nothing of the spread of one value", () => {
    expect(intervalOf([0.4])).toEqual({ mean: 0.4, low: 0.4, high: 0.4, count: 1 });
    expect(intervalOf([]).mean).toBeNaN();
  });
});
