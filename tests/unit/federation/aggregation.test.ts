import { applyMean, openSum } from "@fedbaps/core/federation/aggregation.js";
import { packUpdate, type SiteMetrics } from "@fedbaps/core/federation/update.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { norm2 } from "@fedbaps/core/math/vector.js";
import { simulate } from "@fedbaps/core/secagg/simulate.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, plainSum, seededBytes, siteNames } from "../../protocol/parties.js";

const settings = { clip: 2, maxImages: 100 };

interface Site {
  delta: number[];
  images: number;
  metrics?: SiteMetrics;
}

function pack(sites: Site[], cohortSize = sites.length) {
  const packed = sites.map(({ delta, images, metrics = {} }) =>
    packUpdate({ ...settings, delta: Float32Array.from(delta), images, metrics, cohortSize }),
  );
  return new Map(siteNames(sites.length).map((site, i) => [site, packed[i]]));
}

function open(sites: Site[], cohortSize = sites.length) {
  const survivors = siteNames(sites.length);
  const sum = plainSum(pack(sites, cohortSize), survivors);
  return openSum({ ...settings, sum, parameterCount: sites[0].delta.length, cohortSize, survivors });
}

describe("the opened sum", () => {
  it("is the mean weighted by images", () => {
    const { meanUpdate, images, sites } = open([
      { delta: [1, 0], images: 10 },
      { delta: [0, -1], images: 30 },
      { delta: [1, 1], images: 60 },
    ]);
    expect([images, sites]).toEqual([100, 3]);
    expect(meanUpdate[0]).toBeCloseTo(0.7, 6);
    expect(meanUpdate[1]).toBeCloseTo(0.3, 6);
  });

  it("is near the exact mean for 100 sites: within 10^-6 of the clip bound at full weight", () => {
    const stream = new RandomStream(3, "deltas");
    const all = Array.from({ length: 100 }, () => ({
      delta: Array.from({ length: 20 }, () => Math.fround(stream.between(-0.3, 0.3))),
      images: 100,
    }));
    const { meanUpdate } = open(all);
    meanUpdate.forEach((value, i) => {
      const exact = all.reduce((sum, { delta }) => sum + delta[i], 0) / 100;
      expect(Math.abs(value - exact)).toBeLessThan(1e-6 * settings.clip);
    });
  });

  it("gives each metric's mean over the sites that report it, and none where nobody does", () => {
    const delta = [0];
    const { metrics } = open([
      { delta, images: 1, metrics: { valDice: 0.5, trainLoss: 2 } },
      { delta, images: 99, metrics: { valDice: 0.7 } },
      { delta, images: 5 },
    ]);
    expect(metrics.valDice).toBeCloseTo(0.6, 6);
    expect(metrics.trainLoss).toBeCloseTo(2, 6);
    expect(metrics).not.toHaveProperty("zeroShotValDice");
  });

  it("takes the scale from the cohort at the start, not from who is left", () => {
    const left = [
      { delta: [1], images: 10 },
      { delta: [0], images: 10 },
      { delta: [1], images: 10 },
    ];
    expect(open(left, 50).meanUpdate[0]).toBeCloseTo(2 / 3, 5);
  });

  it("is the same bits in whatever order the sites were added", () => {
    const stream = new RandomStream(4, "deltas");
    const all = Array.from({ length: 9 }, () => ({
      delta: Array.from({ length: 30 }, () => stream.between(-1, 1)),
      images: 1 + stream.below(100),
    }));
    expect(open(all)).toEqual(open([...all].reverse()));
  });

  it("comes out of the protocol as it went in, with a site lost on the way", async () => {
    const all = Array.from({ length: 5 }, (_, i) => ({
      delta: [i / 10, -i / 5],
      images: 10 + i,
      metrics: { valDice: i / 5 },
    }));
    const sites = siteNames(5);
    const dropouts = new Map([[sites[2], "maskedInput"]] as const);
    const { sum, survivors } = await simulate({
      sites,
      threshold: 4,
      minSurvivors: 4,
      inputs: pack(all),
      dropouts,
      random: seededBytes(1),
    });
    const opened = openSum({ ...settings, sum, parameterCount: 2, cohortSize: 5, survivors });
    const there = all.filter((_, i) => i !== 2);
    expect(opened).toEqual(open(there, 5));
    expect(opened.images).toBe(48);
  });
});

describe("an impossible sum is refused", () => {
  const survivors = siteNames(3);
  const sound = plainSum(
    pack(survivors.map(() => ({ delta: [1, 1], images: 10, metrics: { valDice: 1 } }))),
    survivors,
  );
  const request = { ...settings, sum: sound, parameterCount: 2, cohortSize: 3, survivors };
  const withWord = (index: number, word: number) => {
    const sum = sound.slice();
    sum[index] = word;
    return { ...request, sum };
  };

  it.each([
    ["no weight", withWord(2, 0)],
    ["fewer images than sites", withWord(2, 2)],
    ["more images than the sites may count for", withWord(2, 301)],
    ["a negative number of images", withWord(2, -1)],
    [
      "fewer images than sites, with an update of zero",
      { ...withWord(2, 2), sum: Uint32Array.of(0, 0, 2, 0, 0, 0, 0, 0, 0) },
    ],
    ["an update beyond the clip bound", withWord(0, 2 ** 30)],
    ["more reports than sites", withWord(4, 4)],
    ["a negative Dice", withWord(3, -100_000)],
    ["a Dice without a report", withWord(4, 0)],
    ["another length", { ...request, sum: sound.slice(1) }],
    ["no survivors", { ...request, survivors: [] }],
    ["more survivors than the cohort", { ...request, survivors: siteNames(4) }],
  ])("%s", (_, bad) => {
    expect(codeThrown(() => openSum(bad))).toBe("IMPOSSIBLE_SUM");
  });

  it("so that no site, whatever it sends, moves the mean further than the clip bound", () => {
    const stream = new RandomStream(8, "lies");
    for (let trial = 0; trial < 300; trial++) {
      // From a little over the bound to anything in the ring.
      const size = 2 ** stream.between(20, 32);
      const sum = sound.slice();
      sum[0] += Math.round(stream.between(-size, size));
      sum[1] += Math.round(stream.between(-size, size));
      let mean = new Float32Array(2);
      try {
        mean = openSum({ ...request, sum }).meanUpdate as Float32Array<ArrayBuffer>;
      } catch (error) {
        expect(error).toHaveProperty("code", "IMPOSSIBLE_SUM");
      }
      expect(norm2(mean)).toBeLessThanOrEqual(settings.clip * (1 + 1e-5));
    }
  });
});

describe("applying the mean", () => {
  it("adds in float32 and leaves theta alone", () => {
    const theta = Float32Array.of(1, 2);
    expect(applyMean(theta, Float32Array.of(0.5, -2))).toEqual(Float32Array.of(1.5, 0));
    expect(theta).toEqual(Float32Array.of(1, 2));
    expect(codeThrown(() => applyMean(theta, Float32Array.of(1)))).toBe("IMPOSSIBLE_SUM");
  });
});
