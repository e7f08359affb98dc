import { RandomStream } from "@fedbaps/core/math/rng.js";
import { fromRingSum, ringScale, toRing } from "@fedbaps/core/secagg/quantize.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";

const configurations = fc.record({
  parties: fc.integer({ min: 1, max: 200 }),
  bound: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
});

describe("the ring's scale", () => {
  it("is the largest power of two with which no sum can wrap around", () => {
    fc.assert(
      fc.property(configurations, ({ parties, bound }) => {
        const scale = ringScale({ parties, bound });
        expect(Number.isInteger(Math.log2(scale))).toBe(true);
        expect(parties * (bound * scale + 0.5)).toBeLessThan(2 ** 31);
        expect(parties * (bound * scale * 2 + 0.5)).toBeGreaterThanOrEqual(2 ** 31);
      }),
    );
  });

  it("holds in fact: all parties at the bound, on either side, come back without wrap-around", () => {
    fc.assert(
      fc.property(configurations, ({ parties, bound }) => {
        const scale = ringScale({ parties, bound });
        for (const value of [bound, -bound]) {
          const one = toRing([value], scale, bound)[0];
          const sum = Uint32Array.of(Math.imul(one, parties));
          const read = fromRingSum(sum, scale)[0];
          expect(Math.sign(read)).toBe(Math.sign(value));
          expect(Math.abs(read - parties * value)).toBeLessThanOrEqual((parties * 0.5) / scale);
        }
      }),
    );
  });

  it("leaves room for the rounding of every party", () => {
    // Three times the bound fits by a third of a step, three times the rounded bound does not.
    const bound = 715_827_882.55;
    expect(3 * bound).toBeLessThan(2 ** 31);
    expect(3 * Math.round(bound)).toBeGreaterThan(2 ** 31);
    expect(ringScale({ parties: 3, bound })).toBe(0.5);
  });

  it("is refused without headroom, or for senseless arguments", () => {
    expect(codeThrown(() => ringScale({ parties: 40_000, bound: 10 }))).toBe("NO_HEADROOM");
    for (const parties of [0, -1, 1.5, Number.NaN])
      expect(codeThrown(() => ringScale({ parties, bound: 1 }))).toBe("BAD_VALUE");
    for (const bound of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(codeThrown(() => ringScale({ parties: 3, bound }))).toBe("BAD_VALUE");
  });
});

describe("encoding", () => {
  it("of 100 sites is off by less than 10^-6 of the bound in the mean", () => {
    const [parties, bound] = [100, 10];
    const scale = ringScale({ parties, bound });
    const stream = new RandomStream(1, "values");
    const sum = new Uint32Array(500);
    const exact = new Float64Array(500);
    for (let party = 0; party < parties; party++) {
      const values = Float64Array.from({ length: 500 }, () => stream.between(-bound, bound));
      const words = toRing(values, scale, bound);
      for (let i = 0; i < words.length; i++) {
        sum[i] += words[i];
        exact[i] += values[i];
      }
    }
    const worst = Math.max(...fromRingSum(sum, scale).map((value, i) => Math.abs(value - exact[i]) / parties));
    expect(worst).toBeLessThan(1e-6 * bound);
    expect(worst).toBeGreaterThan(0);
  });

  it("rounds to nearest and reads negative numbers back", () => {
    expect([...toRing([0.4, 0.6, -0.4, -0.6, -1, 3], 1, 3)]).toEqual([0, 1, 0, 2 ** 32 - 1, 2 ** 32 - 1, 3]);
    expect([...fromRingSum(Uint32Array.of(2 ** 31, 2 ** 31 - 1, 2 ** 32 - 1), 1)]).toEqual([
      -(2 ** 31),
      2 ** 31 - 1,
      -1,
    ]);
  });

  it("refuses what does not fit, and says where", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.0000001, -2])
      expect(codeThrown(() => toRing([0, value], 1024, 1))).toBe("BAD_VALUE");
    expect(() => toRing([0, Number.NaN], 1024, 1)).toThrow(/index 1/);
  });
});
