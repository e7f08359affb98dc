import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { isBetter } from "@fedbaps/core/training/keep-best.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const scores = (...dice: number[]): ImageScore[] =>
  dice.map((value, i) => ({ id: i + 1, dice: value, iou: value / 2 }));

describe("a paired comparison", () => {
  it("is won by a higher mean over the same images, not by an equal one", () => {
    expect(isBetter(scores(0.5, 0.7), scores(0.6, 0.5), 0)).toBe(true);
    expect(isBetter(scores(0.5, 0.6), scores(0.6, 0.5), 0)).toBe(false);
    expect(isBetter(scores(0.4, 0.6), scores(0.6, 0.5), 0)).toBe(false);
  });

  it("with a margin is won by more standard errors of the difference than that", () => {
    // Differences 0.1, 0.2, 0.3: mean 0.2, standard error 0.1 / sqrt(3), 3.46 of them.
    const [candidate, incumbent] = [scores(0.5, 0.5, 0.5), scores(0.4, 0.3, 0.2)];
    expect(isBetter(candidate, incumbent, 3.4)).toBe(true);
    expect(isBetter(candidate, incumbent, 3.5)).toBe(false);
    // Pairing matters: the same values against other partners differ by 0.1 every time.
    expect(isBetter(scores(0.5, 0.4, 0.3), scores(0.4, 0.3, 0.2), 1000)).toBe(true);
  });

  it("of different images is no comparison", () => {
    const shifted = scores(0.5, 0.5).map((score) => ({ ...score, id: score.id + 1 }));
    expect(() => isBetter(shifted, scores(0.5, 0.5), 0)).toThrow(RangeError);
    expect(() => isBetter(scores(0.5), scores(0.5, 0.5), 0)).toThrow(RangeError);
    expect(() => isBetter(scores(0.5, 0.5).reverse(), scores(0.5, 0.5), 0)).toThrow(RangeError);
  });

  it("is lost by what is not a number", () => {
    expect(isBetter(scores(Number.NaN, 1), scores(0, 0), 0)).toBe(false);
  });
});

describe("the choice of a version", () => {
  it("is zero-shot until something is better on validation", () => {
    const choice = new VersionChoice(scores(0.5, 0.5));
    expect([choice.deployed, choice.best.version]).toEqual([false, 0]);
    expect(choice.offer(1, scores(0.5, 0.5))).toBe(false);
    expect(choice.offer(2, scores(0.1, 0.8))).toBe(false);
    expect([choice.deployed, choice.best.version]).toEqual([false, 0]);
    expect(choice.offer(3, scores(0.4, 0.8))).toBe(true);
    expect([choice.deployed, choice.best.version]).toEqual([true, 3]);
  });

  it("is the best version so far, the earlier of two equal ones, and never worse than zero-shot", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
        (all) => {
          const [zeroShot, ...versions] = all.map((eighths) => eighths.map((value) => value / 8));
          const choice = new VersionChoice(scores(...zeroShot));
          const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
          for (const [i, dice] of versions.entries()) choice.offer(i + 1, scores(...dice));
          const sums = [zeroShot, ...versions].map(sum);
          expect(choice.best.version).toBe(sums.indexOf(Math.max(...sums)));
          expect(choice.deployed).toBe(choice.best.version > 0);
          expect(choice.zeroShot).toEqual(scores(...zeroShot));
        },
      ),
    );
  });

  it("goes on from what was stored as if it had never stopped", () => {
    const choice = new VersionChoice(scores(0.5, 0.5));
    choice.offer(1, scores(0.7, 0.6));
    const restored = VersionChoice.restore(JSON.parse(JSON.stringify(choice)));
    expect(restored.toJSON()).toEqual(choice.toJSON());
    for (const one of [choice, restored]) {
      expect(one.offer(2, scores(0.6, 0.65))).toBe(false);
      expect(one.offer(3, scores(0.7, 0.7))).toBe(true);
      expect([one.best.version, one.deployed, one.zeroShot[0].dice]).toEqual([3, true, 0.5]);
    }
  });

  it("refuses scores of other images", () => {
    expect(() => new VersionChoice(scores(0.5, 0.5)).offer(1, scores(0.9))).toThrow(RangeError);
  });
});
