// One phantom site with the bundled black box, from the first query to the report.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { PERSONAL_PARTS, stepsAfter } from "@fedbaps/core/training/budget-plan.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { phantomTrainings } from "../../support/phantom-trainings.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const open = phantomTrainings({ decoder: "filter-bank", budget: 200, personalShare: 0.5, backend: "wasm" });

describe("a site's training", () => {
  it("ends each round and part at its planned step and never asks more than its budget", async () => {
    const training = await open();
    const { plan, meter } = training;
    expect(plan.steps).toBeGreaterThanOrEqual(4);
    const spent: number[] = [];
    const validate = async (theta?: Float32Array) => {
      const before = meter.spent;
      const scores = await training.validate(theta);
      expect(meter.spent - before).toBe(plan.validationImages * plan.validationClicks);
      expect(scores).toHaveLength(plan.validationImages);
    };
    await validate();
    let state = training.startState();
    for (let round = 1; round <= 2; round++) {
      const progress: number[][] = [];
      const { state: next, loss } = await training.trainRound(round, state, {
        onStep: ({ stepsDone, stepsPlanned, state: at }) => {
          progress.push([stepsDone, stepsPlanned, at.step]);
          spent.push(meter.spent);
        },
      });
      const [first, last] = [stepsAfter(plan.steps, round - 1, 2), stepsAfter(plan.steps, round, 2)];
      expect(progress).toEqual(Array.from({ length: last - first }, (_, i) => [i + 1, last - first, first + i + 1]));
      expect(loss).toBeGreaterThan(0);
      expect(loss).toBeLessThan(1);
      state = next;
      await validate(state.theta);
    }
    expect(state.step).toBe(plan.steps);
    expect(meter.state.train).toBe(16 * plan.steps);
    let personal = training.personalState(state.theta);
    expect(sameBits(personal.theta, state.theta)).toBe(true);
    for (let part = 1; part <= PERSONAL_PARTS; part++) {
      ({ state: personal } = await training.trainPersonal(part, personal));
      expect(personal.step).toBe(stepsAfter(plan.personalSteps, part, PERSONAL_PARTS));
      await validate(personal.theta);
    }
    expect(sameBits(personal.theta, state.theta)).toBe(false);
    await training.report();
    await training.report(personal.theta);
    expect(meter.state.report).toBe(plan.report);
    expect(meter.state.train).toBe(16 * (plan.steps + plan.personalSteps));
    expect(meter.spent).toBeLessThanOrEqual(200);
    expect(meter.spent).toBeGreaterThan(200 - 16);
    expect(meter.state.seconds).toBeGreaterThan(0);

    // Pictures for the report cost nothing more.
    const before = meter.spent;
    const [first, ...more] = await training.comparisons(personal.theta);
    expect(more).toHaveLength(2);
    expect([first.image.width, first.truth.width, first.zeroShot.width, first.adapted.width]).toEqual([
      160, 160, 160, 160,
    ]);
    expect(meter.spent).toBe(before);
  });

  it("goes on from any stored step to the bits of a run that was never disturbed", async () => {
    const settings = { budget: 150, personalShare: 0.4 };
    const undisturbed = await open(settings);
    let state = undisturbed.startState();
    let stored: OptimizerState | undefined;
    let meter = undisturbed.meter.state;
    ({ state } = await undisturbed.trainRound(1, state, {
      onStep: ({ state: now, stepsDone }) => {
        if (stepsDone === 1) {
          stored = storedAndRead(now);
          meter = JSON.parse(JSON.stringify(undisturbed.meter.state));
        }
      },
    }));
    ({ state } = await undisturbed.trainRound(2, state));
    const { state: personal } = await undisturbed.trainPersonal(1, undisturbed.personalState(state.theta));

    const resumed = await open({ ...settings, meter });
    expect(stored!.step).toBe(1);
    let again = (await resumed.trainRound(1, stored!)).state;
    again = (await resumed.trainRound(2, storedAndRead(again))).state;
    expect(sameBits(again.theta, state.theta)).toBe(true);
    expect(again.moments.every((moment, i) => sameBits(moment, state.moments[i]))).toBe(true);
    const { state: personalAgain } = await resumed.trainPersonal(1, resumed.personalState(again.theta));
    expect(sameBits(personalAgain.theta, personal.theta)).toBe(true);
    // What was paid before the restart is neither forgotten nor paid again.
    const { seconds, latency, ...counts } = resumed.meter.state;
    expect(undisturbed.meter.state).toMatchObject(counts);
    expect(seconds).toBeGreaterThan(0);
    expect(callsIn(latency)).toBe(callsIn(undisturbed.meter.state.latency));
  });

  it("fine-tunes along directions and pictures of its own, not those of the rounds again", async () => {
    const training = await open({ budget: 150 });
    let first: OptimizerState | undefined;
    await training.trainRound(1, training.startState(), {
      onStep: ({ state }) => {
        first = first ?? state;
      },
    });
    const { state } = await training.trainPersonal(1, training.personalState(training.initialTheta()));
    expect([first!.step, state.step]).toEqual([1, 1]);
    expect(sameBits(state.theta, first!.theta)).toBe(false);
  });

  it("does nothing, and pays nothing, for a round that is already done", async () => {
    const training = await open({ budget: 150 });
    const { state } = await training.trainRound(1, training.startState());
    const before = training.meter.spent;
    const again = await training.trainRound(1, state);
    expect(again.state).toBe(state);
    expect(again.loss).toBeNaN();
    expect(training.meter.spent).toBe(before);
  });

  it("takes the cohort's parameters into its own state, and no others", async () => {
    const training = await open();
    const { state } = await training.trainRound(1, training.startState());
    const shared = state.theta.map((value) => value / 2);
    const joined = training.roundState(state, shared);
    expect(sameBits(joined.theta, shared)).toBe(true);
    expect([joined.step, joined.moments]).toEqual([state.step, state.moments]);
    shared.fill(9);
    expect(joined.theta.includes(9)).toBe(false);
    for (const wrong of [shared.subarray(1), shared.with(0, Number.NaN)]) {
      expect(await codeOf(() => training.roundState(state, wrong))).toBe("DECODER_PARAMETERS");
      expect(await codeOf(() => training.personalState(wrong))).toBe("DECODER_PARAMETERS");
    }
  });

  it("measures untrained parameters as zero-shot, image by image", async () => {
    const training = await open();
    expect(await training.validate(training.initialTheta())).toEqual(await training.validate());
    expect(training.parameterCount).toBe(training.initialTheta().length);
  });

  it("stops between two steps when it is told to, with every finished step handed over", async () => {
    const training = await open();
    const controller = new AbortController();
    let last = 0;
    const onStep = ({ state }: { state: OptimizerState }) => {
      last = state.step;
      controller.abort();
    };
    await expect(
      training.trainRound(2, training.startState(), { signal: controller.signal, onStep }),
    ).rejects.toMatchObject({ name: "AbortError" });
    expect([last, training.meter.state.train]).toEqual([1, 16]);
  });

  it("is refused before the first query where the budget, the data or the black box will not do", async () => {
    const error = await thrownBy(() => open({ budget: 60 }));
    expect(error).toMatchObject({ code: "BUDGET_TOO_SMALL" });
    const { enough } = (error as { fields: { enough: number } }).fields;
    expect((await open({ budget: enough })).meter.spent).toBe(0);
    expect(await codeOf(() => open({ data: "/nowhere-at-all" }))).toBe("DATASET_MISSING");
    expect(await codeOf(() => open({ blackbox: "onnx:nowhere.onnx" }))).toBe("BLACKBOX_FILE");
  });
});

describe("bad cases of a site", () => {
  it("are left out of its training within the tolerance, and keep it from beginning above", async () => {
    const own = await phantomSite({ images: 20 });
    await writeFile(join(own, "images", "phantom-0004.png"), "no picture");
    const { dataset } = await open({ data: own });
    expect(dataset.leftOut).toMatchObject([{ code: "IMAGE_UNREADABLE", sample: 4 }]);
    const ids = [...dataset.train, ...dataset.val, ...dataset.test].map(({ id }) => id).sort((a, b) => a - b);
    expect(ids).toEqual([1, 2, 3, ...Array.from({ length: 16 }, (_, i) => i + 5)]);
    expect(await codeOf(() => open({ data: own, material: { tolerance: 0.04 } }))).toBe("DATASET_BAD_CASES");
  });
});

function callsIn(latency: Readonly<Record<string, number>>): number {
  return Object.values(latency).reduce((sum, count) => sum + count, 0);
}
