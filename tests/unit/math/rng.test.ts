import { readFileSync } from "node:fs";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const vectors = JSON.parse(readFileSync("tests/vectors/random-streams.json", "utf8"));
const draw = (stream: RandomStream, count: number) => Array.from({ length: count }, () => stream.uint32());

describe("a random stream", () => {
  it("gives the pinned numbers for ever: stored studies are replayed from them", () => {
    for (const { seed, name, words } of vectors.streams)
      expect(
        draw(new RandomStream(seed, ...name), words.length).map((word) => word.toString(16).padStart(8, "0")),
      ).toEqual(words);
  });

  it("does not depend on what other streams drew meanwhile", () => {
    const alone = draw(new RandomStream(3, "clicks", 1), 10);
    const one = new RandomStream(3, "clicks", 1);
    const other = new RandomStream(3, "clicks", 2);
    const mixed = alone.map(() => [one.uint32(), other.uint32()]);
    expect(mixed.map(([first]) => first)).toEqual(alone);
  });

  it("differs with the seed and with the name, however the name is cut into parts", () => {
    const names: (string | number)[][] = [[], ["a"], ["a", "b"], ["ab"], ["b", "a"], ["", "ab"], ["a", 1], ["a", "1"]];
    names.push(["a", 11], ["a", 1, 1], ["a1"]);
    const firsts = [0, 1].flatMap((seed) => names.map((name) => draw(new RandomStream(seed, ...name), 2).join()));
    expect(new Set(firsts).size).toBe(2 * names.length);
  });

  it("shows no correlation between neighbouring names", () => {
    const count = 4000;
    const a = new RandomStream(1, "batch", 1);
    const b = new RandomStream(1, "batch", 2);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5) * 12;
    // The sum's standard deviation is sqrt(count).
    expect(Math.abs(sum)).toBeLessThan(4 * Math.sqrt(count));
  });

  it("refuses seeds that JSON or float64 could change", () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => new RandomStream(seed)).toThrow(RangeError);
  });
});

describe("uniform numbers", () => {
  it("are multiples of 2^-24 in [0, 1), so float32 keeps them whole", () => {
    const stream = new RandomStream(1, "uniform");
    let sum = 0;
    for (let i = 0; i < 5000; i++) {
      const value = stream.uniform();
      if (!(value >= 0 && value < 1 && (value * 2 ** 24) % 1 === 0)) throw new Error(`${value}`);
      sum += value;
    }
    // Five standard deviations of the mean of 5000.
    expect(Math.abs(sum / 5000 - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 5000));
  });
});

describe("below", () => {
  it("stays in range and reaches both ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (count, seed) => {
        const stream = new RandomStream(seed, "below");
        for (let i = 0; i < 5; i++) {
          const value = stream.below(count);
          expect(Number.isInteger(value) && value >= 0 && value < count).toBe(true);
        }
      }),
    );
    const seen = new Set(Array.from({ length: 200 }, (_, i) => new RandomStream(i, "ends").below(6)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("has no bias where a plain remainder would favour the low third by two to one", () => {
    // 3 x 2^30 does not divide 2^32: values below 2^30 would come up twice as often without rejection.
    const stream = new RandomStream(1, "bias");
    const thirds = [0, 0, 0];
    for (let i = 0; i < 6000; i++) thirds[Math.floor(stream.below(3 * 2 ** 30) / 2 ** 30)]++;
    const chiSquared = thirds.reduce((sum, seen) => sum + (seen - 2000) ** 2 / 2000, 0);
    // Two degrees of freedom: 13.8 is exceeded once in a thousand; the bias would give 750.
    expect(chiSquared).toBeLessThan(13.8);
  });

  it("refuses counts without a range", () => {
    const stream = new RandomStream(1);
    for (const count of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => stream.below(count)).toThrow(RangeError);
  });
});

describe("normal numbers", () => {
  it("have mean 0, variance 1 and no fat or thin tails", () => {
    const stream = new RandomStream(1, "normal");
    const values = Array.from({ length: 8000 }, () => stream.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    // Four standard errors: of the mean 1/sqrt(n), of the second moment sqrt(2/n), of the fourth sqrt(96/n).
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(8000));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / 8000));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / 8000));
  });
});

describe("shuffling", () => {
  it("is a permutation, in place, and the same for the same stream", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(), (items, seed) => {
        const copy = [...items];
        const shuffled = new RandomStream(seed, "shuffle").shuffle(copy);
        expect(shuffled).toBe(copy);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
        expect(new RandomStream(seed, "shuffle").shuffle([...items])).toEqual(shuffled);
      }),
    );
  });

  it("reaches every order about equally often", () => {
    const stream = new RandomStream(2, "orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 2400; i++) {
      const order = stream.shuffle(["a", "b", "c", "d"]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquared = [...counts.values()].reduce((sum, seen) => sum + (seen - 100) ** 2 / 100, 0);
    // 23 degrees of freedom: 49.7 is exceeded once in a thousand.
    expect(chiSquared).toBeLessThan(49.7);
  });
});
