import { RandomStream } from "@fedbaps/core/math/rng.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { isBetter, pairedDifferences } from "@fedbaps/core/training/keep-best.js";
import { FALSE_ACCEPT_LEVEL, VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const scores = (...dice: number[]): ImageScore[] =>
  dice.map((value, i) => ({ id: i + 1, dice: value, iou: value / 2 }));

/** Six images: enough for a plain gain to be shown. */
const ZERO_SHOT = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
const gained = (...gain: number[]) => scores(...ZERO_SHOT.map((dice, i) => dice + gain[i % gain.length]));

describe("a paired comparison", () => {
  it("is won by a higher mean over the same images, not by an equal one", () => {
    expect(isBetter(scores(0.5, 0.7), scores(0.6, 0.5))).toBe(true);
    expect(isBetter(scores(0.5, 0.6), scores(0.6, 0.5))).toBe(false);
    expect(isBetter(scores(0.4, 0.6), scores(0.6, 0.5))).toBe(false);
  });

  it("is made image by image", () => {
    expect(pairedDifferences(scores(0.5, 0.75), scores(0.25, 1))).toEqual([0.25, -0.25]);
  });

  it("of different images is no comparison", () => {
    const shifted = scores(0.5, 0.5).map((score) => ({ ...score, id: score.id + 1 }));
    expect(() => isBetter(shifted, scores(0.5, 0.5))).toThrow(RangeError);
    expect(() => isBetter(scores(0.5), scores(0.5, 0.5))).toThrow(RangeError);
    expect(() => isBetter(scores(0.5, 0.5).reverse(), scores(0.5, 0.5))).toThrow(RangeError);
  });

  it("is lost by what is not a number", () => {
    expect(isBetter(scores(Number.NaN, 1), scores(0, 0))).toBe(false);
  });
});

describe("the choice of a version", () => {
  it("is zero-shot until something is shown to be better on validation", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    expect([choice.deployed, choice.best.version]).toEqual([false, 0]);
    expect(choice.offer(1, gained(0))).toBe(false);
    // A higher mean that three images of six disagree with.
    expect(choice.offer(2, gained(0.2, -0.15))).toBe(false);
    expect([choice.deployed, choice.best.version]).toEqual([false, 0]);
    expect(choice.offer(3, gained(0.2, 0.1))).toBe(true);
    expect([choice.deployed, choice.best.version]).toEqual([true, 3]);
  });

  it("is the best of those shown to be better, the earlier of two equal ones", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    expect([0.1, 0.2, 0.2, 0.15, 0.25].map((gain, i) => choice.offer(i + 1, gained(gain)))).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
    expect(choice.best.version).toBe(5);
  });

  it("knows the highest mean too, shown to be better or not", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    expect(choice.leader.version).toBe(0);
    choice.offer(1, gained(0.2, -0.15));
    choice.offer(2, gained(0.01));
    expect([choice.leader.version, choice.best.version]).toEqual([1, 2]);
    choice.offer(3, gained(-0.1));
    expect([choice.leader.version, choice.best.version]).toEqual([1, 2]);
  });

  it("takes two images that gain alike, and never one", () => {
    const offered = (count: number) => {
      const zeroShot = new Array<number>(count).fill(0.5);
      return new VersionChoice(scores(...zeroShot)).offer(1, scores(...zeroShot.map((dice) => dice + 0.3)));
    };
    expect([0, 1, 2, 3, 4, 5, 6].map(offered)).toEqual([false, false, true, true, true, true, true]);
  });

  it("asks of fewer than six images a gain that is large beside its spread, and more with every look", () => {
    const choice = () => new VersionChoice(scores(0.5, 0.5, 0.5));
    // p = 0.037 by Student's t.
    const some = scores(0.6, 0.7, 0.8);
    expect(choice().offer(1, some)).toBe(true);
    const second = choice();
    second.offer(1, scores(0.5, 0.5, 0.5));
    // What answers as zero-shot does was no look.
    expect(second.offer(2, some)).toBe(true);
    const third = choice();
    third.offer(1, scores(0.5, 0.4, 0.5));
    expect([third.offer(2, some), third.best.version, third.leader.version]).toEqual([false, 0, 2]);
    expect(third.offer(3, scores(0.8, 0.85, 0.9))).toBe(true);
  });

  it("forgives five images an earlier version that gained and lost: a large gain of all of them is used then", () => {
    const choice = new VersionChoice(scores(0.4, 0.4, 0.4, 0.4, 0.4));
    // Its signs turned, the first version looks as good as the second.
    expect(choice.offer(1, scores(0.3, 0.5, 0.3, 0.5, 0.3))).toBe(false);
    expect(choice.offer(2, scores(0.78, 0.81, 0.7, 0.85, 0.82))).toBe(true);
  });

  it("lets a large gain on few images through, as the demo has it", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    expect(choice.offer(1, gained(0.5, 0.1, 0.4, 0.05, 0.3, 0.2))).toBe(true);
    expect(choice.offer(2, gained(0.6, 0.3, 0.5, -0.02, 0.4, 0.1))).toBe(true);
  });

  it("is worth a version that is no better about as rarely as promised, however many are looked at", () => {
    const trials = 200;
    let deployed = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = new RandomStream(1, "null-versions", trial);
      const choice = new VersionChoice(scores(...new Array<number>(8).fill(0.5)));
      for (let version = 1; version <= 6; version++)
        choice.offer(version, scores(...Array.from({ length: 8 }, () => 0.5 + 0.1 * stream.normal())));
      if (choice.deployed) deployed++;
    }
    // Versions that have nothing in common are the worst case, as earlier looks do not know of later ones.
    expect(deployed / trials).toBeLessThan(3 * FALSE_ACCEPT_LEVEL);
  });

  it("is never a version with a mean at or below zero-shot's", () => {
    const eighths = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(eighths, { minLength: 1, maxLength: 8 }), (all) => {
        const [zeroShot, ...versions] = all.map((values) => values.map((value) => value / 8));
        const choice = new VersionChoice(scores(...zeroShot));
        const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
        for (const [i, dice] of versions.entries()) choice.offer(i + 1, scores(...dice));
        const sums = [zeroShot, ...versions].map(sum);
        expect(choice.leader.version).toBe(sums.indexOf(Math.max(...sums)));
        expect(choice.deployed).toBe(choice.best.version > 0);
        if (choice.deployed) expect(sums[choice.best.version]).toBeGreaterThan(sums[0]);
        expect(choice.zeroShot).toEqual(scores(...zeroShot));
      }),
    );
  });

  it("goes on from what was stored as if it had never stopped", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    choice.offer(1, gained(0.2, -0.15));
    choice.offer(2, gained(0.05, 0.1));
    const restored = VersionChoice.restore(JSON.parse(JSON.stringify(choice)));
    expect(restored.toJSON()).toEqual(choice.toJSON());
    for (const one of [choice, restored]) {
      expect(one.offer(3, gained(0.06))).toBe(false);
      expect(one.offer(4, gained(0.1))).toBe(true);
      expect([one.best.version, one.deployed, one.zeroShot[0].dice]).toEqual([4, true, 0.2]);
    }
    expect(restored.toJSON()).toEqual(choice.toJSON());
  });

  it("reads what was stored before looks were counted", () => {
    const stored = { zeroShot: scores(...ZERO_SHOT), version: 2, scores: gained(0.1) };
    const restored = VersionChoice.restore(JSON.parse(JSON.stringify(stored)));
    expect([restored.deployed, restored.best.version, restored.leader.version]).toEqual([true, 2, 2]);
    expect(restored.offer(3, gained(0.15))).toBe(true);
    const none = VersionChoice.restore({ zeroShot: scores(...ZERO_SHOT), version: 0, scores: scores(...ZERO_SHOT) });
    expect([none.deployed, none.leader.version]).toEqual([false, 0]);
  });

  it("passes over what is not a number, and refuses scores of other images", () => {
    const choice = new VersionChoice(scores(...ZERO_SHOT));
    expect(choice.offer(1, gained(Number.NaN))).toBe(false);
    expect(choice.leader.version).toBe(0);
    expect(() => choice.offer(2, scores(0.9))).toThrow(RangeError);
  });
});
