import { farness, type Generation, generationOf } from "@fedbaps/core/training/texture-search.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

/** Every step belongs to the generation that holds it, and they follow one another without a gap. */
function generations(ends: readonly number[], fresh: boolean): Generation[] {
  const all: Generation[] = [];
  for (let step = 0; step < (ends.at(-1) ?? 0); step++) {
    const own = generationOf(step, ends, fresh);
    if (step === own.first) all.push(own);
    expect(own).toEqual(all.at(-1));
    expect(step <= own.last).toBe(true);
  }
  return all;
}

const lengthOf = ({ first, last }: Generation) => last - first + 1;

describe("the generations of a run", () => {
  it("are longer at the start, for a third of the steps at most, and never go on over the end of a part", () => {
    const parts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(parts, (lengths) => {
        const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0));
        const steps = ends.at(-1) as number;
        const all = generations(ends, true);
        expect(all.reduce((sum, one) => sum + lengthOf(one), 0)).toBe(steps);
        for (const end of ends) expect(all.some(({ last }) => last + 1 === end)).toBe(true);
        const large = all.filter((one) => lengthOf(one) > 2);
        expect(large.every((one) => lengthOf(one) <= 6)).toBe(true);
        expect(large.reduce((sum, one) => sum + lengthOf(one), 0)).toBeLessThanOrEqual(Math.min(48, steps / 3));
        const latest = Math.max(-1, ...large.map(({ first }) => first));
        expect(latest).toBeLessThan(Math.min(48, steps / 3));
      }),
      { numRuns: 200 },
    );
    expect(generations([150], true).map(lengthOf)).toEqual([...new Array(8).fill(6), ...new Array(51).fill(2)]);
    const first = generations([32, 151], true).map(lengthOf);
    expect(first.slice(0, 10)).toEqual([6, 6, 6, 6, 6, 2, 6, 6, 4, 2]);
    expect(first.at(-1)).toBe(1);
  });

  it("are of two steps where the search goes on from textures", () => {
    expect(generations([10, 20], false).every((one) => lengthOf(one) === 2)).toBe(true);
  });
});

it("textures in the range of tanh pay nothing, others the more the further they are", () => {
  expect(farness(Float32Array.of(2.1, -2.1, 0))).toBe(0);
  expect(farness(Float32Array.of(3.2, 0, 0))).toBeCloseTo(1e-3, 5);
  expect(farness(Float32Array.of(3.2, -4.2, 0))).toBeCloseTo(5e-3, 5);
});
