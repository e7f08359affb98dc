// The whole protocol with everybody honest: the right sum or a typed abort, whoever drops out when.
import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import type { SecAggPhase } from "@fedbaps/core/secagg/server.js";
import { type SimulatedMessage, simulate } from "@fedbaps/core/secagg/simulate.js";
import {
  cohortSchema,
  keyAdvertisementSchema,
  revealedShareSchema,
  sealedSharesSchema,
  survivorSignatureSchema,
  unmaskRequestSchema,
} from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { fc } from "../support/property.js";
import { codeRejected, makeInputs, plainSum, seededBytes, siteNames } from "./parties.js";

const PHASES: SecAggPhase[] = ["advertiseKeys", "shareKeys", "maskedInput", "consistency", "unmask"];

function play(size: number, dropouts: [number, SecAggPhase][] = [], threshold = defaultThreshold(size), seed = 1) {
  const sites = siteNames(size);
  const inputs = makeInputs(sites, 7, seed);
  const result = simulate({
    sites,
    threshold,
    minSurvivors: threshold,
    inputs,
    dropouts: new Map(dropouts.map(([index, phase]) => [sites[index], phase])),
    random: seededBytes(seed),
  });
  return { sites, inputs, result };
}

describe("secure aggregation", () => {
  it.each([3, 5, 10])("adds up the inputs of %i sites", async (size) => {
    const { sites, inputs, result } = play(size);
    const { sum, survivors } = await result;
    expect(survivors).toEqual(sites);
    expect(sum).toEqual(plainSum(inputs, sites));
  });

  it.each(PHASES)("5 sites lose one in %s and still get the sum of those whose vectors arrived", async (phase) => {
    const { sites, inputs, result } = play(5, [[2, phase]]);
    const { sum, survivors } = await result;
    const vectorArrived = phase === "consistency" || phase === "unmask";
    expect(survivors).toEqual(vectorArrived ? sites : sites.filter((_, i) => i !== 2));
    expect(sum).toEqual(plainSum(inputs, survivors));
  });

  it("10 sites lose one in each of three phases", async () => {
    const { inputs, result } = play(10, [
      [0, "shareKeys"],
      [4, "maskedInput"],
      [9, "consistency"],
    ]);
    const { sum, survivors } = await result;
    expect(survivors).toHaveLength(8);
    expect(sum).toEqual(plainSum(inputs, survivors));
  });

  it("30 sites lose nine, some in each phase, and one more is one too many", async () => {
    const fates: [number, SecAggPhase][] = [
      [0, "advertiseKeys"],
      [29, "advertiseKeys"],
      [1, "shareKeys"],
      [15, "shareKeys"],
      [2, "maskedInput"],
      [20, "maskedInput"],
      [3, "consistency"],
      [9, "consistency"],
      [4, "unmask"],
    ];
    const { sites, inputs, result } = play(30, fates);
    const { sum, survivors } = await result;
    const lost = fates.slice(0, 6).map(([i]) => sites[i]);
    expect(survivors).toEqual(sites.filter((site) => !lost.includes(site)));
    expect(sum).toEqual(plainSum(inputs, survivors));
    expect(await codeRejected(play(30, [...fates, [11, "unmask"]]).result)).toBe("TOO_FEW_SITES");
  });

  it.each(PHASES)("n - t sites may be lost in %s, n - t + 1 may not", async (phase) => {
    const lose = (count: number) =>
      play(
        7,
        Array.from({ length: count }, (_, i) => [i, phase]),
        5,
      ).result;
    await expect(lose(2)).resolves.toBeDefined();
    expect(await codeRejected(lose(3))).toBe("TOO_FEW_SITES");
  });

  it("n = t works while all are there", async () => {
    const { sites, inputs, result } = play(4, [], 4);
    expect((await result).sum).toEqual(plainSum(inputs, sites));
  });

  it("any drop-outs at any phase: exactly the survivors' sum, or TOO_FEW_SITES where too few are left", async () => {
    const size = fc.oneof(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 10, max: 30 }));
    const cohorts = size.chain((n) => {
      const t = defaultThreshold(n);
      return fc.record({
        n: fc.constant(n),
        threshold: fc.oneof(
          { weight: 2, arbitrary: fc.constant(t) },
          { weight: 1, arbitrary: fc.integer({ min: t, max: n }) },
        ),
        spare: fc.nat({ max: 2 }),
        // Up to twice as many drop-outs as the least threshold allows, so that some rounds complete and some do not.
        fates: fc
          .array(fc.tuple(fc.nat({ max: n - 1 }), fc.constantFrom(...PHASES)), { maxLength: 2 * (n - t) + 1 })
          .map((pairs) => new Map(pairs)),
        seed: fc.nat({ max: 1_000_000 }),
      });
    });
    const completed: number[] = [];
    let aborted = 0;
    const survived = new Set<SecAggPhase>();
    await fc.assert(
      fc.asyncProperty(cohorts, async ({ n, threshold, spare, fates, seed }) => {
        const minSurvivors = Math.min(n, threshold + spare);
        const sites = siteNames(n);
        const inputs = makeInputs(sites, 1 + (seed % 9), seed);
        const dropouts = new Map([...fates].map(([i, phase]) => [sites[i], phase]));
        // Who is still there at the end of a phase, worked out without the protocol.
        const left = (phase: SecAggPhase) =>
          sites.filter(
            (site) => PHASES.indexOf(dropouts.get(site) ?? "unmask") > PHASES.indexOf(phase) || !dropouts.has(site),
          );
        const enough = left("maskedInput").length >= minSurvivors && left("unmask").length >= threshold;
        try {
          const random = seededBytes(seed);
          const result = await simulate({ sites, threshold, minSurvivors, inputs, dropouts, random });
          expect(enough).toBe(true);
          expect(result.survivors).toEqual(left("maskedInput"));
          expect(result.sum).toEqual(plainSum(inputs, left("maskedInput")));
          completed.push(n);
          for (const phase of dropouts.values()) survived.add(phase);
        } catch (error) {
          if (!(error instanceof FedBapsError)) throw error;
          expect([error.code, enough]).toEqual(["TOO_FEW_SITES", false]);
          aborted++;
        }
      }),
      { numRuns: 24, seed: 20170530 },
    );
    expect(completed.length).toBeGreaterThan(5);
    expect(Math.max(...completed)).toBeGreaterThan(15);
    expect(aborted).toBeGreaterThan(5);
    expect([...survived].sort()).toEqual([...PHASES].sort());
  }, 180_000);
});

describe("what passes between the parties", () => {
  it("is what the wire schemas allow, and talks to the coordinator only", async () => {
    const { cohort, transcript } = await play(5, [[1, "maskedInput"]]).result;
    cohortSchema.parse(cohort);
    const schemas: Partial<Record<SimulatedMessage["kind"], z.ZodType>> = {
      advertisement: keyAdvertisementSchema,
      advertisements: z.array(keyAdvertisementSchema),
      sharesDealt: z.array(sealedSharesSchema),
      sharesDelivered: z.array(sealedSharesSchema),
      confirmation: survivorSignatureSchema,
      unmaskRequest: unmaskRequestSchema,
      revealed: z.array(revealedShareSchema),
    };
    for (const { kind, from, to, body } of transcript) {
      schemas[kind]?.parse(body);
      expect([from, to].filter((party) => party === "coordinator")).toHaveLength(1);
    }
    expect(new Set(transcript.map(({ kind }) => kind)).size).toBe(9);
  });

  it("hides inputs: zeros and ones masked look alike and uniform, and nothing repeats in another attempt", async () => {
    const sites = siteNames(3);
    const masked = async (value: number, attempt: number, seed: number) => {
      const inputs = new Map(sites.map((site) => [site, new Uint32Array(20_000).fill(value)]));
      const reference = { study: "s", round: 1, attempt };
      const { transcript } = await simulate({
        sites,
        threshold: 3,
        minSurvivors: 3,
        inputs,
        random: seededBytes(seed),
        reference,
      });
      return transcript.flatMap((message) => (message.kind === "maskedInput" ? [message.body] : []));
    };
    // Equal seeds give equal keys: only the attempt in the derivation of the masks tells these apart.
    const vectors = [...(await masked(0, 1, 1)), ...(await masked(1, 2, 1)), ...(await masked(0, 1, 2))];
    const sample = Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer)));
    const counts = new Float64Array(256);
    for (const byte of sample) counts[byte]++;
    const expected = sample.length / 256;
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(statistic).toBeGreaterThan(142);
    expect(statistic).toBeLessThan(368);
    for (const [i, a] of vectors.entries())
      for (const b of vectors.slice(i + 1)) {
        const equal = a.reduce((count, word, k) => count + (Math.abs(word - b[k]) <= 1 ? 1 : 0), 0);
        expect(equal).toBeLessThan(3);
      }
  });

  it("even all vectors and all but the unmask phase leave the sum hidden", async () => {
    const { sites, inputs, result } = play(3);
    const { transcript } = await result;
    const vectors = transcript.flatMap((message) =>
      message.kind === "maskedInput" ? [[message.from, message.body] as const] : [],
    );
    const sum = plainSum(new Map(vectors), sites);
    const plain = plainSum(inputs, sites);
    expect(sum.some((word, i) => word === plain[i])).toBe(false);
  });

  it("reveals one kind of share of each site, the same from everybody", async () => {
    const { sites, result } = play(5, [[3, "maskedInput"]]);
    const { transcript } = await result;
    const revealed = transcript.flatMap((message) => (message.kind === "revealed" ? [message.body] : []));
    expect(revealed).toHaveLength(4);
    for (const shares of revealed)
      expect(shares.map(({ site, kind }) => [site, kind])).toEqual(
        sites.map((site, i) => [site, i === 3 ? "maskKey" : "selfMask"]),
      );
  });
});
