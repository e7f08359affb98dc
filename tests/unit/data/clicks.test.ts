import { drawClick, evaluationClicks } from "@fedbaps/core/data/clicks.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { maskOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";

const mask = maskOf("....#", ".#...", "..##.");

describe("drawClick", () => {
  it("clicks only inside the mask, at whole pixels, as foreground", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { x, y, label } = drawClick(mask, new RandomStream(seed, "clicks"));
        expect(mask.data[y * mask.width + x]).toBe(1);
        expect(label).toBe(1);
      }),
    );
  });

  it("gives every pixel inside an equal chance", () => {
    const stream = new RandomStream(3, "clicks");
    const hits = new Map<string, number>();
    for (let n = 0; n < 4000; n++) {
      const { x, y } = drawClick(mask, stream);
      hits.set(`${x},${y}`, (hits.get(`${x},${y}`) ?? 0) + 1);
    }
    expect([...hits.keys()].sort()).toEqual(["1,1", "2,2", "3,2", "4,0"]);
    // 1000 expected each, deviation 27.
    for (const count of hits.values()) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });

  it("refuses an empty mask", () => {
    expect(() => drawClick(maskOf(".."), new RandomStream(1, "clicks"))).toThrow(RangeError);
  });
});

describe("evaluationClicks", () => {
  const large = maskOf(...Array(40).fill("#".repeat(40)));

  it("gives the same clicks for the same seed and sample, and others for others", () => {
    const clicks = evaluationClicks(large, { seed: 1, sampleId: 2, clicks: 5 });
    expect(evaluationClicks(large, { seed: 1, sampleId: 2, clicks: 5 })).toEqual(clicks);
    expect(evaluationClicks(large, { seed: 1, sampleId: 3, clicks: 5 })).not.toEqual(clicks);
    expect(evaluationClicks(large, { seed: 2, sampleId: 2, clicks: 5 })).not.toEqual(clicks);
  });

  it("begins alike however many are asked for", () => {
    const five = evaluationClicks(large, { seed: 1, sampleId: 2, clicks: 5 });
    expect(evaluationClicks(large, { seed: 1, sampleId: 2, clicks: 3 })).toEqual(five.slice(0, 3));
    expect(evaluationClicks(large, { seed: 1, sampleId: 2, clicks: 0 })).toEqual([]);
  });
});
