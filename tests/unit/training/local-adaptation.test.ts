import { systemClock } from "@fedbaps/core/common/clock.js";
import { type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import { adaptLocally, type LocalProgress } from "@fedbaps/core/training/local-adaptation.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";
import { phantomSite } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const scores = (dice: number): ImageScore[] => [1, 2].map((id) => ({ id, dice, iou: dice }));

/**
 * A site's training without a black box: after round r theta is [r], and its validation is `val[r]`. The test split is
 * always better with a decoder, to show that it is not what decides.
 * @param each queries of a version
 */
function stubTraining(val: readonly number[], each = 10) {
  const reported: (number | undefined)[] = [];
  const stub = {
    rounds: val.length - 1,
    meter: { spent: 0 },
    startState: () => ({ step: 0, theta: Float32Array.of(0), moments: [] }),
    validate: async (theta?: Float32Array) => {
      stub.meter.spent += each;
      return scores(val[theta?.[0] ?? 0]);
    },
    trainRound: async (round: number) => ({
      state: { step: round, theta: Float32Array.of(round), moments: [] },
      loss: 0.5,
    }),
    report: async (theta?: Float32Array) => {
      reported.push(theta?.[0]);
      return scores(theta ? 0.9 : 0.5);
    },
  };
  return { training: stub as unknown as SiteTraining, reported };
}

describe("what a site deploys", () => {
  it("is zero-shot when no version is better on validation, however the test split looks", async () => {
    const { training, reported } = stubTraining([0.5, 0.4, 0.5]);
    const result = await adaptLocally(training);
    expect([result.deployed, result.version, result.theta[0]]).toEqual([false, 0, 0]);
    expect(result.adapted).toEqual(result.zeroShot);
    expect(result.adaptedDice).toBe(result.zeroShotDice);
    // The test split was not asked about a decoder at all.
    expect(reported).toEqual([undefined]);
  });

  it("is the best version on validation, not the last", async () => {
    const { training, reported } = stubTraining([0.5, 0.6, 0.8, 0.7]);
    const result = await adaptLocally(training);
    expect([result.deployed, result.version, result.theta[0]]).toEqual([true, 2, 2]);
    expect(reported).toEqual([undefined, 2]);
    expect([result.zeroShotDice, result.adaptedDice]).toEqual([0.5, 0.9]);
    expect(result.curve).toEqual([
      { version: 0, queries: 10, valDice: 0.5 },
      { version: 1, queries: 20, valDice: 0.6 },
      { version: 2, queries: 30, valDice: 0.8 },
      { version: 3, queries: 40, valDice: 0.7 },
    ]);
  });
});

describe("a run that gains nothing any more", () => {
  const val = [0.5, 0.6, 0.8, 0.803, 0.7, 0.9, 0.9];

  it("ends where it may, uses the best so far and leaves the rest", async () => {
    const { training } = stubTraining(val, 700);
    const result = await adaptLocally(training, { stopsEarly: true });
    expect(result.curve.map(({ version }) => version)).toEqual([0, 1, 2, 3, 4]);
    expect([result.settled, result.version, training.meter.spent]).toEqual([true, 3, 3500]);
  });

  it("goes on where it may not, and is whole then", async () => {
    const result = await adaptLocally(stubTraining(val, 700).training);
    expect([result.settled, result.version, result.curve.length]).toEqual([false, 5, 7]);
    const short = await adaptLocally(stubTraining([0.5, 0.6, 0.6], 700).training, { stopsEarly: true });
    expect([short.settled, short.curve.length]).toEqual([false, 3]);
  });
});

// Six images to validate on: with three, the gate needs more luck than a test should.
describe("a phantom site with the bundled black box and 400 queries", () => {
  it("gains two points of Dice or more on images that it did not train on", async () => {
    const budget = 400;
    const training = await SiteTraining.open({
      data: await phantomSite({ images: 30 }),
      blackbox: "bundled",
      decoder: "filter-bank",
      preset: "adam",
      budget,
      rounds: 3,
      clicks: 2,
      seed: 1,
      site: "local",
      clock: systemClock,
      backend: "wasm",
    });
    const progress: LocalProgress[] = [];
    const result = await adaptLocally(training, { onProgress: (step) => progress.push(step) });
    const { meter, plan } = training;
    expect(result.deployed).toBe(true);
    expect(result.adaptedDice - result.zeroShotDice).toBeGreaterThanOrEqual(0.02);
    expect(meter.spent).toBeLessThanOrEqual(budget);
    expect(result.curve.map(({ version }) => version)).toEqual([0, 1, 2, 3]);
    const [zeroShot, ...versions] = result.curve.map(({ valDice }) => valDice);
    expect(result.curve[result.version].valDice).toBe(Math.max(...versions));
    expect(result.curve[result.version].valDice).toBeGreaterThan(zeroShot);
    expect(progress).toHaveLength(plan.steps);
    expect(progress.at(-1)).toMatchObject({ round: 3, rounds: 3 });
    expect(result.adaptedDice).toBe(meanDice(result.adapted));
    expect(result.adapted.every(({ hd95 }) => hd95 !== undefined)).toBe(true);
    expect(sameBits(result.theta, training.initialTheta())).toBe(false);
    await training.close();
  });

  it("stops when it is told to", async () => {
    const { training } = stubTraining([0.5, 0.6]);
    const controller = new AbortController();
    training.trainRound = async (_round, _state, options) => {
      controller.abort();
      options?.signal?.throwIfAborted();
      throw new Error("went on");
    };
    await expect(adaptLocally(training, { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
