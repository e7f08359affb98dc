import { decisiveLoss, segmentationLoss } from "@fedbaps/core/training/loss.js";
import { describe, expect, it } from "@jest/globals";
import { maskOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

const mask = maskOf("##..", "#...");
const map = (...data: number[]) => ({ data: Float32Array.from(data), width: 4, height: 2 });

describe("the training loss", () => {
  it("is 0 for the perfect, certain answer and nearly 1 for its opposite", () => {
    expect(segmentationLoss(map(1, 1, 0, 0, 1, 0, 0, 0), mask)).toBe(0);
    // Nothing in common, 5 + 3 pixels in all: 1 - 1 / 9.
    expect(segmentationLoss(map(0, 0, 1, 1, 0, 1, 1, 1), mask)).toBeCloseTo(8 / 9, 12);
  });

  it("is what the formula gives for undecided, empty and full answers", () => {
    // Overlap 3 x 0.5, sum 8 x 0.5: 1 - (2 x 1.5 + 1) / (4 + 3 + 1).
    expect(segmentationLoss(map(...new Array(8).fill(0.5)), mask)).toBeCloseTo(0.5, 12);
    expect(segmentationLoss(map(...new Array(8).fill(0)), mask)).toBeCloseTo(1 - 1 / 4, 12);
    expect(segmentationLoss(map(...new Array(8).fill(1)), mask)).toBeCloseTo(1 - 7 / 12, 12);
    expect(segmentationLoss(map(0.8, 0.6, 0.4, 0, 1, 0, 0, 0.2), mask)).toBeCloseTo(1 - 5.8 / 7, 6);
  });

  it("is defined where nothing is sought and nothing found", () => {
    const empty = { ...mask, data: new Uint8Array(8) };
    expect(segmentationLoss(map(...new Array(8).fill(0)), empty)).toBe(0);
    expect(segmentationLoss(map(1, 0, 0, 0, 0, 0, 0, 0), empty)).toBeCloseTo(0.5, 12);
  });

  it("stays in [0, 1], falls with every probability inside and rises with every one outside", () => {
    const probability = fc.float({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(probability, { minLength: 8, maxLength: 8 }), fc.nat(7), (data, i) => {
        const before = segmentationLoss(map(...data), mask);
        expect(before >= 0 && before <= 1).toBe(true);
        fc.pre(data[i] < 0.99);
        const after = segmentationLoss(map(...data.with(i, 1)), mask);
        if (mask.data[i]) expect(after).toBeLessThan(before);
        else expect(after).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  it("is not a number when a probability is none, so that the optimiser can refuse it", () => {
    expect(segmentationLoss(map(Number.NaN, 0, 0, 0, 0, 0, 0, 0), mask)).toBeNaN();
  });
});

describe("the loss by which textures are elected", () => {
  it("counts a probability of .6 as .83, and of .4 as .16", () => {
    const counted = 0.6 ** 4 / (0.6 ** 4 + 0.4 ** 4);
    expect(counted).toBeCloseTo(0.835, 3);
    const undecided = map(0.6, 0.6, 0.4, 0.4, 0.6, 0.4, 0.4, 0.4);
    const raised = map(...[...undecided.data].map((p) => (p > 0.5 ? counted : 1 - counted)));
    expect(decisiveLoss(undecided, mask)).toBeCloseTo(segmentationLoss(raised, mask), 6);
    expect(decisiveLoss(map(...new Array(8).fill(0.5)), mask)).toBeCloseTo(0.5, 6);
  });

  it("is nearly that of the map cut at 0.5, unless probabilities are close to it", () => {
    const probability = fc.oneof(
      fc.double({ min: 0, max: 0.35, noNaN: true }),
      fc.double({ min: 0.65, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(probability, { minLength: 8, maxLength: 8 }), (data) => {
        const cut = segmentationLoss(map(...data.map((p) => (p > 0.5 ? 1 : 0))), mask);
        expect(Math.abs(decisiveLoss(map(...data), mask) - cut)).toBeLessThan(0.15);
      }),
    );
    // Undecided on the right side everywhere: cut, it is perfect.
    const right = map(0.7, 0.7, 0.3, 0.3, 0.7, 0.3, 0.3, 0.3);
    expect(decisiveLoss(right, mask)).toBeLessThan(0.05);
    expect(segmentationLoss(right, mask)).toBeGreaterThan(0.25);
  });

  it("still falls with every probability inside and rises with every one outside", () => {
    const probability = fc.double({ min: 0.05, max: 0.8, noNaN: true });
    fc.assert(
      fc.property(fc.array(probability, { minLength: 8, maxLength: 8 }), fc.nat(7), (data, i) => {
        const before = decisiveLoss(map(...data), mask);
        const after = decisiveLoss(map(...data.with(i, data[i] + 0.1)), mask);
        if (mask.data[i]) expect(after).toBeLessThan(before);
        else expect(after).toBeGreaterThan(before);
      }),
    );
  });

  it("leaves the map as it is, and is not a number when a probability is none", () => {
    const unsure = map(0.9, 0.8, 0.1, 0, 1, 0, 0, 0);
    const before = [...unsure.data];
    decisiveLoss(unsure, mask);
    expect([...unsure.data]).toEqual(before);
    expect(decisiveLoss(map(Number.NaN, 0, 0, 0, 0, 0, 0, 0), mask)).toBeNaN();
  });
});
