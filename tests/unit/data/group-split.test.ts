import { type Split, splitByGroup, splitBySeed, splitCounts } from "@fedbaps/core/data/split.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf } from "../../support/codes.js";
import { fc } from "../../support/property.js";

const FRACTIONS = { train: 0.6, val: 0.2, test: 0.2 };
const PARTS = ["train", "val", "test"] as const;

interface Item {
  readonly at: number;
  readonly group?: number;
}

/** Items of groups of these sizes, one after the other, then in another order. */
const material = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 3, maxLength: 40 }), fc.integer({ min: 0, max: 1000 }))
  .filter(([sizes]) => sizes.reduce((a, b) => a + b) >= 5)
  .map(([sizes, seed]) => {
    const items = sizes.flatMap((size, group) => Array.from({ length: size }, () => group));
    const mixed = items
      .map((group, i) => ({ group, key: (i * 7919 + seed * 104729) % 1009 }))
      .sort((a, b) => a.key - b.key);
    return { sizes, seed, items: mixed.map(({ group }, at): Item => ({ at, group })) };
  });

const byName = (name: (group: number) => string) => (item: Item) =>
  item.group === undefined ? undefined : name(item.group);
const positions = (split: Split<Item>) => PARTS.map((part) => split[part].map(({ at }) => at));

describe("a split by patient", () => {
  it("puts no patient into two parts, every item into one, none stays empty, each keeps its order", () => {
    fc.assert(
      fc.property(material, ({ items, seed }) => {
        const split = splitByGroup(items, byName(String), seed, FRACTIONS);
        const all = PARTS.flatMap((part) => split[part].map(({ at }) => at));
        expect(all.sort((a, b) => a - b)).toEqual(items.map(({ at }) => at));
        const groups = PARTS.map((part) => new Set(split[part].map(({ group }) => group)));
        for (const [i, j] of [
          [0, 1],
          [0, 2],
          [1, 2],
        ])
          expect([...groups[i]].filter((group) => groups[j].has(group))).toEqual([]);
        for (const part of PARTS) {
          expect(split[part].length).toBeGreaterThan(0);
          expect(split[part].map(({ at }) => at)).toEqual(split[part].map(({ at }) => at).sort((a, b) => a - b));
        }
      }),
    );
  });

  it("does not depend on what patients are called: another salt gives the same split", () => {
    fc.assert(
      fc.property(material, fc.string(), ({ items, seed }, salt) => {
        const names = (group: number) => `${salt} ${1000 - group}`;
        expect(positions(splitByGroup(items, byName(names), seed, FRACTIONS))).toEqual(
          positions(splitByGroup(items, byName(String), seed, FRACTIONS)),
        );
      }),
    );
  });

  it("comes within the largest patient of the fractions", () => {
    fc.assert(
      fc.property(material, ({ items, sizes, seed }) => {
        const split = splitByGroup(items, byName(String), seed, FRACTIONS);
        const counts = splitCounts(items.length, FRACTIONS);
        for (const part of PARTS)
          expect(Math.abs(split[part].length - counts[part])).toBeLessThanOrEqual(Math.max(...sizes));
      }),
    );
  });

  it("is the split by seed, bit for bit, where every item stands for itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 300 }), fc.integer({ min: 0, max: 1e6 }), (count, seed) => {
        const items = Array.from({ length: count }, (_, at): Item => ({ at }));
        const named = items.map(({ at }): Item => ({ at, group: at }));
        const expected = positions(splitBySeed(items, seed, FRACTIONS));
        expect(positions(splitByGroup(items, () => undefined, seed, FRACTIONS))).toEqual(expected);
        expect(positions(splitByGroup(named, byName(String), seed, FRACTIONS))).toEqual(expected);
      }),
    );
  });

  // Pinned when patients were not known yet: sites' splits must not change under a study.
  it("gives what it always gave for plain folders", () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const { val, test } = splitBySeed(numbers, 7);
    expect([val, test]).toEqual([
      [0, 3, 5, 15],
      [1, 9, 14, 19],
    ]);
  });

  it("refuses fewer than three patients, and says that identifiers may be wrong", async () => {
    const items = Array.from({ length: 10 }, (_, at): Item => ({ at, group: at % 2 }));
    expect(await codeOf(async () => splitByGroup(items, byName(String), 1))).toBe("DATASET_TOO_SMALL");
  });
});
