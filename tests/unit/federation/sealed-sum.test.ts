import { openSealedMetrics, openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { METRICS, packUpdate, type SiteMetrics, sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { sealLayer } from "@fedbaps/core/secagg/epoch.js";
import { addMask } from "@fedbaps/core/secagg/masks.js";
import { simulate } from "@fedbaps/core/secagg/simulate.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, plainSum, seededBytes, siteNames } from "../../protocol/parties.js";

const COUNT = 40;
const settings = { clip: 2, maxImages: 100 };
const reference = { study: "simulation", round: 1, attempt: 1 };
const key = seededBytes(1)(32);

function inputsOf(sites: readonly string[], metrics: SiteMetrics = { valDice: 0.5 }) {
  return new Map(
    sites.map((site, i) => {
      const stream = new RandomStream(i, "delta");
      const delta = Float32Array.from({ length: COUNT }, () => stream.between(-0.2, 0.2));
      return [site, packUpdate({ ...settings, delta, images: 10 + i, metrics, cohortSize: sites.length })] as const;
    }),
  );
}

async function sealedSum(size: number, dropped: readonly number[] = []) {
  const sites = siteNames(size);
  const inputs = inputsOf(sites);
  const { sum, survivors } = await simulate({
    sites,
    threshold: Math.floor((2 * size) / 3) + 1,
    minSurvivors: Math.floor((2 * size) / 3) + 1,
    inputs,
    dropouts: new Map(dropped.map((index) => [sites[index], "maskedInput"] as const)),
    random: seededBytes(2),
    reference,
    seal: { key, length: sealedLength(COUNT) },
  });
  return { sum, survivors, inputs, plain: plainSum(inputs, survivors) };
}

const open = (sum: Uint32Array, cohortSize: number, survivors: readonly string[]) =>
  openSum({ ...settings, sum, parameterCount: COUNT, cohortSize, survivors });

describe("a sealed sum", () => {
  it.each<[number, number[]]>([
    [3, []],
    [4, []],
    [4, [1]],
    [7, [0, 6]],
  ])("of %i sites without %j opens to exactly the plain one", async (size, dropped) => {
    const { sum, survivors, plain } = await sealedSum(size, dropped);
    expect(sum.subarray(0, sealedLength(COUNT)).filter((word, i) => word === plain[i])).toHaveLength(0);
    const before = sum.slice();
    const opened = unsealSum(sum, COUNT, { key, reference, survivors });
    expect(opened).toEqual(plain);
    expect(sum).toEqual(before);
    expect(open(opened, size, survivors)).toEqual(open(plain, size, survivors));
  });

  it("lets its metrics be read without the key, and nothing before them", async () => {
    const { sum, survivors, plain } = await sealedSum(4);
    expect(sum.subarray(sealedLength(COUNT))).toEqual(plain.subarray(sealedLength(COUNT)));
    const metrics = openSealedMetrics(sum, COUNT, 4, survivors);
    expect(metrics).toEqual({ valDice: expect.closeTo(0.5, 6) });
    expect(metrics).toEqual(open(plain, 4, survivors).metrics);
    const noise = sum.slice();
    noise.fill(0xdeadbeef, 0, sealedLength(COUNT));
    expect(openSealedMetrics(noise, COUNT, 4, survivors)).toEqual(metrics);
  });

  it.each(METRICS.map(({ name }, i) => [name, i] as const))("with an impossible %s: refused unopened", async (_, i) => {
    const { sum, survivors } = await sealedSum(4);
    for (const [at, value] of [
      [2 * i, 0x7fffffff],
      [2 * i, 0xffffffff],
      [2 * i + 1, 5],
    ]) {
      const wrong = sum.slice();
      wrong[sealedLength(COUNT) + at] = value;
      expect(codeThrown(() => openSealedMetrics(wrong, COUNT, 4, survivors))).toBe("IMPOSSIBLE_SUM");
    }
    expect(codeThrown(() => openSealedMetrics(sum.slice(1), COUNT, 4, survivors))).toBe("IMPOSSIBLE_SUM");
  });

  it("under a wrong key, number or list of sites is never the right mean", async () => {
    const { sum, survivors, plain } = await sealedSum(4);
    const right = open(plain, 4, survivors).meanUpdate;
    const attempts = [
      { key, reference, survivors: survivors.slice(1) },
      { key, reference, survivors: [...survivors, "stranger"] },
      { key, reference: { ...reference, attempt: 2 }, survivors },
      { key, reference: { ...reference, round: 2 }, survivors },
      { key, reference: { ...reference, study: "other" }, survivors },
      ...Array.from({ length: 40 }, (_, i) => ({ key: seededBytes(50 + i)(32), reference, survivors })),
    ];
    let impossible = 0;
    for (const attempt of attempts) {
      const opened = unsealSum(sum, COUNT, attempt);
      if (codeThrown(() => open(opened, 4, survivors)) === "IMPOSSIBLE_SUM") impossible++;
      else expect(open(opened, 4, survivors).meanUpdate).not.toEqual(right);
    }
    expect(impossible).toBe(attempts.length);
    expect(updateLength(COUNT)).toBe(sum.length);
  });
});

describe("the sealed part of a sum, as the coordinator has it", () => {
  const LENGTH = 1 << 18;

  /** Chi-square of each bit being one half, and of each of the four bytes, as the largest number of deviations. */
  function deviation(words: Uint32Array): { bits: number[]; bytes: number[] } {
    const ones = new Float64Array(32);
    const counts = [0, 8, 16, 24].map(() => new Float64Array(256));
    for (const word of words) {
      for (let bit = 0; bit < 32; bit++) ones[bit] += (word >>> bit) & 1;
      for (let place = 0; place < 4; place++) counts[place][(word >>> (8 * place)) & 255]++;
    }
    const half = words.length / 2;
    const expected = words.length / 256;
    return {
      bits: [...ones].map((count) => (2 * (count - half) ** 2) / half),
      bytes: counts.map((count) => count.reduce((sum, value) => sum + (value - expected) ** 2 / expected, 0)),
    };
  }

  /** One degree of freedom for a bit, 255 for a byte: beyond these in fewer than one of a million. */
  const BIT_LIMIT = 24;
  const BYTE_LIMIT = 255 + 5 * Math.sqrt(2 * 255);

  it("is uniform in all 32 bits, for an even number of sites too", () => {
    for (const size of [4, 8]) {
      const sum = new Uint32Array(LENGTH);
      for (const site of siteNames(size)) addMask(sum, sealLayer(key, reference, site));
      const { bits, bytes } = deviation(sum);
      expect(bits.filter((value) => value > BIT_LIMIT)).toEqual([]);
      expect(bytes.filter((value) => value > BYTE_LIMIT)).toEqual([]);
    }
  });

  it("would not be under one mask for all: four times it leaves the two lowest bits in clear", () => {
    const sum = new Uint32Array(LENGTH);
    for (let i = 0; i < 4; i++) addMask(sum, sealLayer(key, reference, "all"));
    const { bits, bytes } = deviation(sum);
    expect([bits[0], bits[1]]).toEqual([LENGTH, LENGTH]);
    expect(bits.slice(2).filter((value) => value > BIT_LIMIT)).toEqual([]);
    expect(bytes[0]).toBeGreaterThan(BYTE_LIMIT);
  });

  it("is uniform in a sum out of the whole protocol, where all sites gave zeros", async () => {
    const sites = siteNames(4);
    const length = 1 << 16;
    const { sum } = await simulate({
      sites,
      threshold: 3,
      minSurvivors: 3,
      inputs: new Map(sites.map((site) => [site, new Uint32Array(length + 6)])),
      random: seededBytes(3),
      reference,
      seal: { key, length },
    });
    const { bits, bytes } = deviation(sum.subarray(0, length));
    expect(bits.filter((value) => value > BIT_LIMIT)).toEqual([]);
    expect(bytes.filter((value) => value > BYTE_LIMIT)).toEqual([]);
    expect([...sum.subarray(length)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
