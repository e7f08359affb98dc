import { hasSettled } from "@fedbaps/core/training/early-stop.js";
import { describe, expect, it } from "@jest/globals";

const curve = (...points: readonly (readonly [queries: number, valDice: number])[]) =>
  points.map(([queries, valDice]) => ({ queries, valDice }));

describe("a run has got as far as it gets", () => {
  it("when 1,200 queries have brought no more than .005", () => {
    const start = [
      [60, 0.4],
      [340, 0.6],
    ] as const;
    expect(hasSettled(curve(...start, [1000, 0.604], [1540, 0.6049]))).toBe(true);
    expect(hasSettled(curve(...start, [1000, 0.604], [1539, 0.6049]))).toBe(false);
    expect(hasSettled(curve(...start, [1000, 0.606], [1540, 0.5]))).toBe(false);
    // What fell and came back gained nothing.
    expect(hasSettled(curve(...start, [1000, 0.5], [1540, 0.6]))).toBe(true);
  });

  it("also where nothing has been better than zero-shot, but not before the first version", () => {
    expect(hasSettled(curve([60, 0.4], [700, 0.3], [1259, 0.3]))).toBe(false);
    expect(hasSettled(curve([60, 0.4], [700, 0.3], [1260, 0.404]))).toBe(true);
    expect(hasSettled(curve([2000, 0.4]))).toBe(false);
    expect(hasSettled([])).toBe(false);
  });
});
