import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { describe, expect, it } from "@jest/globals";
import { type Curve, curveOf, meanCurve, queriesToGain, stepsOf, valueAt } from "../../bench/adapt-curve.js";

/** A list long enough for a gain to be shown, whatever the gate asks for. */
const scores = (dice: number): ImageScore[] =>
  Array.from({ length: 20 }, (_, i) => ({ id: i + 1, dice: dice + i / 1e4, iou: dice }));

const curve = (...points: readonly (readonly [queries: number, dice: number])[]): Curve =>
  points.map(([queries, dice], version) => ({ version, queries, valDice: dice, rawDice: dice, deployedDice: dice }));

describe("a run's curve", () => {
  it("has the version that the site would use beside each version, and begins without a query", () => {
    const validated = [0.4, 0.6, 0.5, 0.7].map((dice, version) => ({
      version,
      queries: 100 * (version + 1),
      scores: scores(dice),
    }));
    const points = curveOf(validated, [0.3, 0.5, 0.9, 0.6]);
    expect(points.map(({ queries }) => queries)).toEqual([0, 200, 300, 400]);
    expect(points.map(({ rawDice }) => rawDice)).toEqual([0.3, 0.5, 0.9, 0.6]);
    // Version 2 is worse on the validation list: its better test figure is not what the site would have.
    expect(points.map(({ deployedDice }) => deployedDice)).toEqual([0.3, 0.5, 0.5, 0.6]);
  });

  it("takes no figures that do not pair", () => {
    expect(() => curveOf([{ version: 0, queries: 1, scores: scores(0.4) }], [0.1, 0.2])).toThrow(RangeError);
    expect(() => curveOf([], [])).toThrow(RangeError);
  });

  it("stays as it is until its next version", () => {
    const one = curve([0, 0.4], [100, 0.5], [300, 0.7]);
    expect([0, 99, 100, 299, 300, 1e6].map((queries) => valueAt(one, queries, "rawDice"))).toEqual([
      0.4, 0.4, 0.5, 0.5, 0.7, 0.7,
    ]);
  });
});

describe("several runs' curves", () => {
  const easy = curve([0, 0.6], [100, 0.7]);
  const hard = curve([0, 0.2], [150, 0.3], [200, 0.5]);

  it("take a step where any of them does", () => {
    expect(stepsOf([easy, hard])).toEqual([0, 100, 150, 200]);
  });

  it("are averaged by groups, with the interval of the gain", () => {
    const points = meanCurve([[easy], [hard]], "deployedDice");
    expect(points.map(({ queries }) => queries)).toEqual([0, 100, 150, 200]);
    expect(points.map(({ mean }) => Math.round(mean * 100))).toEqual([40, 45, 50, 60]);
    // Both gained 0.1 by then: that they began apart is no doubt about the gain.
    expect(points[2].high - points[2].low).toBeCloseTo(0, 10);
    expect(points[3].high - points[3].low).toBeGreaterThan(0.1);
  });

  it("weigh groups alike, whatever their size, and skip empty ones", () => {
    const [, point] = meanCurve([[curve([0, 0.5], [10, 0.9])], [curve([0, 0.5]), curve([0, 0.5])], []], "rawDice");
    expect(point.mean).toBeCloseTo(0.7, 10);
    expect(point.count).toBe(2);
  });

  it("reach a gain where they keep it", () => {
    expect(queriesToGain([easy, hard], 0.05)).toBe(100);
    expect(queriesToGain([easy, hard], 0.2)).toBe(200);
    expect(queriesToGain([easy, hard], 0.3)).toBeUndefined();
    expect(queriesToGain([curve([0, 0.4], [10, 0.6], [20, 0.4], [30, 0.7])], 0.1)).toBe(30);
  });
});
