// One phantom site with the bundled black box and the texture decoder: its plan, its bits, and what it gains.
import { evaluationPrompts } from "@fedbaps/core/data/clicks.js";
import { loadSample } from "@fedbaps/core/data/dataset.js";
import { textureLayout, texturesOf } from "@fedbaps/core/decoder/texture-layout.js";
import { sharedGuide } from "@fedbaps/core/guide/guide.js";
import { resizeImage, resizeMap } from "@fedbaps/core/image/resize.js";
import { overlap, threshold } from "@fedbaps/core/metrics/overlap.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { stepsAfter } from "@fedbaps/core/training/budget-plan.js";
import { type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { OFFSPRING } from "@fedbaps/core/training/texture-search.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { phantomTrainings } from "../../support/phantom-trainings.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const open = phantomTrainings({ decoder: "texture", budget: 150 });

describe("a site's training with textures", () => {
  it("searches for textures in every round and in the fine-tuning, and asks exactly what it planned", async () => {
    const training = await open({ personalShare: 0.4 });
    const { plan, meter } = training;
    let state = training.startState();
    const found: Float32Array[] = [];
    for (let round = 1; round <= 2; round++) {
      ({ state } = await training.trainRound(round, state));
      const end = stepsAfter(plan.steps, round, 2);
      expect([state.step, training.stepsAfter(round), meter.state.train]).toEqual([end, end, OFFSPRING * end]);
      expect([...textureLayout.view(state.theta, "amount")]).toEqual([1, 1]);
      found.push(texturesOf(state.theta).slice());
    }
    expect(found[1]).not.toEqual(found[0]);
    let personal = training.personalState(state.theta);
    expect([...texturesOf(personal.theta)]).toEqual([...found[1]]);
    ({ state: personal } = await training.trainPersonal(1, personal));
    expect(texturesOf(personal.theta)).not.toEqual(found[1]);
    expect(meter.state.train).toBe(OFFSPRING * (plan.steps + personal.step));
  });

  it("has a first decoder early where a site is alone, however large its budget is", async () => {
    const training = await open({ budget: 2000, rounds: 4, alone: true });
    const ends = [0, 1, 2, 3, 4].map((round) => training.stepsAfter(round));
    const even = [2, 3, 4].map((round) => stepsAfter(training.plan.steps, round, 4));
    expect(ends).toEqual([0, 32, ...even]);
    expect(ends[2]).toBeGreaterThan(64);
    const little = await open({ budget: 400, rounds: 4, alone: true });
    expect(little.stepsAfter(1)).toBe(stepsAfter(little.plan.steps, 1, 4));
    expect(little.stepsAfter(1)).toBeLessThan(32);
  });

  it("goes on from the middle of a round to the bits of a run that was never disturbed", async () => {
    const undisturbed = await open();
    const polled = await undisturbed.trainRound(1, undisturbed.startState());
    let stored: OptimizerState | undefined;
    const { state } = await undisturbed.trainRound(2, polled.state, {
      onStep: ({ state: now, stepsDone }) => {
        if (stepsDone === 3) stored = storedAndRead(now);
      },
    });
    // Two lives, one from the middle and one from the cohort's parameters, of which this site is the only one.
    const resumed = await open();
    const joined = resumed.roundState(storedAndRead(polled.state), polled.state.theta);
    for (const start of [stored!, joined]) {
      const { state: again } = await resumed.trainRound(2, start);
      expect(sameBits(again.theta, state.theta)).toBe(true);
      expect(again.moments.every((moment, m) => sameBits(moment, state.moments[m]))).toBe(true);
    }
  });

  it("makes answers far better than zero-shot on images that it did not train on, in 200 queries", async () => {
    // A look that the bundled black box is bad at.
    const training = await open({ data: await phantomSite({ site: 1 }), budget: 200, rounds: 1, alone: true });
    const { state } = await training.trainRound(1, training.startState());
    const [zeroShot, adapted] = [await training.report(), await training.report(state.theta)];
    expect(meanDice(adapted)).toBeGreaterThan(meanDice(zeroShot) + 0.1);
    expect(training.meter.spent).toBeLessThanOrEqual(200);
  });
});

describe("the reference without a black box", () => {
  let alone: ImageScore[] = [];
  it("is measured on the test split without a query, better than the guide by itself", async () => {
    const training = await open();
    const before = structuredClone(training.meter.state);
    const scores = await training.reference();
    alone = scores;
    expect(training.meter.state).toEqual(before);
    expect(scores.map(({ id }) => id)).toEqual(training.dataset.test.map(({ id }) => id));
    for (const { dice, iou, hd95 } of scores) {
      expect([dice, iou].every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(hd95).toBeGreaterThanOrEqual(0);
    }
    // It has learned from labels: it is better than the guide alone, with the same clicks.
    expect(meanDice(scores)).toBeGreaterThan(await guideAlone(training));
  });

  it("is the same again whatever decoder is trained, and stops when it is told to", async () => {
    const training = await open({ decoder: "filter-bank", backend: "wasm" });
    await expect(training.reference(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    // A gathering that was stopped is begun anew.
    expect(await training.reference()).toEqual(alone);
  });
});

async function guideAlone({ dataset }: SiteTraining): Promise<number> {
  const guide = await sharedGuide();
  const dice: number[] = [];
  for (const sample of dataset.test) {
    const { image, mask } = await loadSample(sample);
    for (const { points } of evaluationPrompts(mask, { clicks: 2, seed: 1, sampleId: sample.id })) {
      const point = {
        x: ((points[0].x + 0.5) * 128) / mask.width - 0.5,
        y: ((points[0].y + 0.5) * 128) / mask.height - 0.5,
      };
      const [{ logits }] = await guide.look([{ image: resizeImage(image, 128, 128), point }]);
      const belief = { data: logits.map((logit) => 1 / (1 + Math.exp(-logit))), width: 64, height: 64 };
      dice.push(overlap(threshold(resizeMap(belief, mask.width, mask.height)), mask).dice);
    }
  }
  return dice.reduce((a, b) => a + b, 0) / dice.length;
}
