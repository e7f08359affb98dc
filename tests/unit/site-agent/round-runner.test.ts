import { BlackBoxError } from "@fedbaps/core/blackbox/model.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { packUpdate } from "@fedbaps/core/federation/update.js";
import { studyHash } from "@fedbaps/core/wire/study.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { makeCohort, makeRunner, makeStudy, makeSum, reference } from "./make-runner.js";
import { STEP_QUERIES, stubTraining } from "./stub-training.js";

removeTemporaryFolders();

/** The sum of three sites that each moved the first parameter by `first`. */
function sumOf(round: number, first: number) {
  const delta = new Float32Array(parameterCount(makeStudy().decoder));
  delta[0] = first;
  const one = packUpdate({ delta, clip: makeStudy().clip, images: 10, maxImages: 10_000, metrics: {}, cohortSize: 3 });
  return makeSum(
    round,
    one.map((value) => Math.imul(value, 3) >>> 0),
  );
}

/** A training that stops for ever before step `kill`, as a killed process: from then on (`stuck`) it writes nothing more. */
function killedBefore(kill: number) {
  let reached = () => {};
  const stuck = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const stub = stubTraining({
    beforeStep: async (step) => {
      if (step !== kill) return;
      reached();
      await new Promise(() => {});
    },
  });
  return { ...stub, stuck };
}

describe("training", () => {
  it("is paid for once, however often it is asked for", async () => {
    const { open, bought } = stubTraining();
    const { runner, sent, train } = await makeRunner({ folder: await temporaryFolder(), open });
    train(reference(1));
    train(reference(1));
    await runner.idle();
    train(reference(1, 2));
    await runner.idle();
    expect(bought).toEqual({ steps: 4, validations: 1, reports: 0 });
    const queries = 4 * STEP_QUERIES + 4;
    expect(sent.replies).toEqual([
      { phase: "training", reference: reference(1), queries },
      { phase: "training", reference: reference(1, 2), queries },
    ]);
    expect(sent.progress.at(-1)).toMatchObject({ stepsDone: 4, stepsPlanned: 4, queries });
  });

  it.each([
    ["none", false],
    ["cohort", false],
    ["own", true],
  ] as const)("says how good it is for itself only as the policy allows: %s", async (metrics, said) => {
    const { runner, sent, train } = await makeRunner({ folder: await temporaryFolder(), policy: { metrics } });
    train(reference(1));
    await runner.idle();
    const [reply] = sent.replies;
    expect("dice" in reply).toBe(said);
    if (said)
      expect(reply).toMatchObject({ dice: { valDice: expect.any(Number), zeroShotValDice: expect.any(Number) } });
  });

  it("goes on through a new attempt at the same round, and answers to the newest", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { open, bought } = stubTraining({ beforeStep: (step) => (step === 2 ? gate : undefined) });
    const { runner, sent, train, recruit } = await makeRunner({ folder: await temporaryFolder(), open });
    train(reference(1));
    recruit(reference(1, 2));
    train(reference(1, 2));
    release();
    await runner.idle();
    expect(bought.steps).toBe(4);
    expect(sent.replies.map((reply) => [reply.phase, "reference" in reply && reply.reference.attempt])).toEqual([
      ["recruiting", 2],
      ["training", 2],
    ]);
  });

  it.each([0, 1, 2, 3])(
    "killed after %i steps, ends at the same bits and buys no finished step again",
    async (kill) => {
      const whole = await makeRunner({ folder: await temporaryFolder() });
      whole.train(reference(1));
      await whole.runner.idle();
      const expected = (await whole.work.trained(1))!;

      const folder = await temporaryFolder();
      const killed = killedBefore(kill);
      const before = await makeRunner({ folder, open: killed.open });
      before.train(reference(1));
      await killed.stuck;

      const rest = stubTraining();
      const after = await makeRunner({ folder, open: rest.open });
      after.train(reference(1));
      await after.runner.idle();
      const trained = (await after.work.trained(1))!;
      expect(trained.delta).toEqual(expected.delta);
      expect(trained.state).toEqual(expected.state);
      expect(trained.lossSum).toBe(expected.lossSum);
      expect(rest.bought).toEqual({ steps: 4 - kill, validations: 0, reports: 0 });
      expect(after.work.queries).toBe(whole.work.queries);
    },
  );

  it("stops after the step in hand and keeps it", async () => {
    const folder = await temporaryFolder();
    let stop = async () => {};
    const { open, bought } = stubTraining({
      beforeStep: (step) => {
        if (step === 1) void stop();
      },
    });
    const { runner, sent, train } = await makeRunner({ folder, open });
    stop = () => runner.stop(new Promise(() => {}));
    train(reference(1));
    await runner.idle();
    expect(bought.steps).toBe(2);
    expect(sent.replies).toEqual([]);
    expect(sent.failures).toEqual([]);
    const again = await makeRunner({ folder });
    expect((await again.store.step(1))?.state.step).toBe(2);
    expect(again.store.meter.train).toBe(2 * STEP_QUERIES);
  });

  it("starts from the model that the past rounds' sums make, and skips rounds that it missed", async () => {
    const { open, bought } = stubTraining();
    const sums = [sumOf(1, 0.25), sumOf(2, 0.5)];
    const { runner, work, train } = await makeRunner({ folder: await temporaryFolder(), open, sums });
    train(reference(3));
    await runner.idle();
    const theta = await work.theta(2, new AbortController().signal);
    expect(theta[0]).toBeCloseTo(0.75, 4);
    expect(bought).toEqual({ steps: 4, validations: 2, reports: 0 });
    expect((await work.trained(3))!.state.step).toBe(12);
  });

  it("gives up the work of a round that is over", async () => {
    const { open } = stubTraining({
      beforeStep: (step) => (step === 1 ? new Promise((r) => setTimeout(r, 50)) : undefined),
    });
    const { runner, sent, train } = await makeRunner({ folder: await temporaryFolder(), open, sums: [sumOf(1, 0.25)] });
    train(reference(1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    train(reference(2));
    await runner.idle();
    expect(sent.failures).toEqual([]);
    expect(sent.replies).toMatchObject([{ phase: "training", reference: reference(2) }]);
  });

  it("tells a failure by code and stage alone, and goes on serving", async () => {
    let broken = true;
    const { open } = stubTraining({
      beforeStep: () => {
        if (broken) throw new BlackBoxError("BLACKBOX_FAILED", "no answer for /data/mueller.png");
      },
    });
    const { runner, sent, train } = await makeRunner({ folder: await temporaryFolder(), open });
    train(reference(1));
    await runner.idle();
    expect(sent.failures).toEqual([{ study: "study", stage: "training", code: "BLACKBOX_FAILED" }]);
    expect(sent.lines[0]).toContain("mueller");
    broken = false;
    train(reference(1, 2));
    await runner.idle();
    expect(sent.replies).toMatchObject([{ phase: "training", reference: reference(1, 2) }]);
  });

  it("goes back to a round whose sum was taken back, with the update that it has", async () => {
    const { open, bought } = stubTraining();
    const { runner, sent, train, recruit } = await makeRunner({ folder: await temporaryFolder(), open });
    train(reference(1));
    await runner.idle();
    const { steps } = bought;
    recruit(reference(2));
    await runner.idle();
    recruit(reference(1, 2));
    train(reference(1, 2));
    await runner.idle();
    expect(sent.replies.slice(-2)).toMatchObject([
      { phase: "recruiting", reference: reference(1, 2) },
      { phase: "training", reference: reference(1, 2) },
    ]);
    expect(bought.steps).toBe(steps);
    await runner.stop(Promise.resolve());
  });

  it("is refused for another data folder than the study began with", async () => {
    const folder = await temporaryFolder();
    const first = await makeRunner({ folder });
    first.train(reference(1));
    await first.runner.idle();
    const { runner, sent, recruit } = await makeRunner({ folder, open: stubTraining({ train: 11 }).open });
    recruit(reference(2));
    await runner.idle();
    expect(sent.failures).toEqual([{ study: "study", stage: "recruiting", code: "MATERIAL_CHANGED" }]);
    await runner.stop(Promise.resolve());
  });
});

describe("what the site decides", () => {
  it.each([
    ["a study that is not approved", { approved: false }, "NOT_APPROVED"],
    ["a budget above the policy's", { policy: { budgetPerStudy: 999 } }, "POLICY_REFUSED"],
    ["a cohort below the policy's", { policy: { minCohort: 4 } }, "POLICY_REFUSED"],
  ])("refuses %s before anything is opened or sent", async (_, options, code) => {
    const { open, bought } = stubTraining();
    const { runner, sent, recruit, train } = await makeRunner({ folder: await temporaryFolder(), open, ...options });
    recruit(reference(1));
    train(reference(1));
    await runner.idle();
    expect(sent.replies).toEqual([]);
    expect(sent.failures.map((failure) => failure.code)).toEqual([code, code]);
    expect(bought).toEqual({ steps: 0, validations: 0, reports: 0 });
    await runner.stop(Promise.resolve());
  });

  it("refuses another text of an approved study", async () => {
    const { runner, sent, recruit } = await makeRunner({ folder: await temporaryFolder() });
    const studyHashOfAnother = studyHash(makeStudy({ budget: 999 }));
    recruit(reference(1), studyHashOfAnother);
    await runner.idle();
    expect(sent.failures[0].code).toBe("NOT_APPROVED");
    await runner.stop(Promise.resolve());
  });

  it.each([
    ["sums over too few sites", { minSurvivors: 2 }, "BAD_COHORT"],
    ["another study's text", { studyHash: "0".repeat(64) }, "BAD_COHORT"],
    ["vectors of another length", { length: 5 }, "BAD_COHORT"],
    ["a threshold of half", { threshold: 1 }, "BAD_COHORT"],
    ["a round that it did not train", { reference: reference(2) }, "NO_UPDATE"],
  ])("refuses a cohort with %s", async (_, overrides, code) => {
    const { runner, sent, identity, hash, train, begin, work } = await makeRunner({
      folder: await temporaryFolder(),
    });
    train(reference(1));
    await runner.idle();
    const { delta } = (await work.trained(1))!;
    sent.replies.length = 0;
    const cohort = makeCohort(identity, hash, delta.length, overrides);
    begin(cohort);
    await runner.idle();
    expect(sent.replies).toEqual([]);
    expect(sent.failures).toEqual([{ study: "study", stage: "secagg", code }]);
  });

  it("refuses a cohort with a site that the study does not name, or with other keys for itself", async () => {
    const { runner, sent, identity, hash, train, begin, work } = await makeRunner({
      folder: await temporaryFolder(),
    });
    train(reference(1));
    await runner.idle();
    const { length } = (await work.trained(1))!.delta;
    const cohort = makeCohort(identity, hash, length);
    const stranger = { ...cohort.members[2], site: "zz" };
    begin({ ...cohort, members: [...cohort.members.slice(0, 2), stranger] });
    const { members } = makeCohort({ ...identity, site: "bb" }, hash, length);
    begin({ ...cohort, reference: reference(1, 2), members });
    await runner.idle();
    expect(sent.failures.map(({ code }) => code)).toEqual(["BAD_COHORT", "BAD_COHORT"]);
  });

  it("answers a repeated phase alike, and knows no attempt of a process that has ended", async () => {
    const folder = await temporaryFolder();
    const first = await makeRunner({ folder });
    first.train(reference(1));
    await first.runner.idle();
    const cohort = makeCohort(first.identity, first.hash, (await first.work.trained(1))!.delta.length);
    first.begin(cohort);
    first.begin(cohort);
    await first.runner.idle();
    const [, one, two] = first.sent.replies;
    expect(two).toEqual(one);
    const again = await makeRunner({ folder, identity: first.identity });
    again.runner.receive({ phase: "shareKeys", reference: reference(1), advertisements: [] });
    await again.runner.idle();
    expect(again.sent.failures).toEqual([{ study: "study", stage: "secagg", code: "CLIENT_STATE_LOST" }]);
  });
});

it("keeps the keys of the attempt when a reconnect in the middle of a sum says to wait for others", async () => {
  const folder = await temporaryFolder();
  const { runner, sent, identity, work, hash, train, begin } = await makeRunner({ folder });
  train(reference(1));
  await runner.idle();
  const cohort = makeCohort(identity, hash, (await work.trained(1))!.delta.length);
  begin(cohort);
  runner.receive({ phase: "wait", study: "study", reason: "waiting-for-sites" });
  runner.receive({ phase: "shareKeys", reference: reference(1), advertisements: [] });
  await runner.idle();
  // The empty list is refused by keys that are still there; without them it would be CLIENT_STATE_LOST.
  expect(sent.failures).toEqual([{ study: "study", stage: "secagg", code: "TOO_FEW_SITES" }]);
});

describe("the report", () => {
  const report = { phase: "report", study: "study", version: 1 } as const;

  it("is tried again after a passing failure", async () => {
    const folder = await temporaryFolder();
    const { open } = stubTraining();
    let down = true;
    const waiting: (() => void)[] = [];
    const { runner, sent, hash } = await makeRunner({
      folder,
      sums: [sumOf(1, 0.5)],
      open: async (...given) => {
        if (down) throw new Error("the black box is down");
        return open(...given);
      },
      clock: {
        now: Date.now,
        after: (_milliseconds, callback) => {
          waiting.push(callback);
          return () => {};
        },
      },
    });
    runner.receive({ ...report, studyHash: hash });
    await runner.idle();
    expect([sent.reports.length, sent.failures.map(({ stage }) => stage)]).toEqual([0, ["report"]]);
    down = false;
    waiting.at(-1)?.();
    await runner.idle();
    expect(sent.reports).toHaveLength(1);
  });

  it("whose acknowledgement came too late for this program is sent once more when the study is over", async () => {
    const folder = await temporaryFolder();
    const { open, bought } = stubTraining();
    const options = { folder, open, sums: [sumOf(1, 0.5)] };
    const killed = await makeRunner({ ...options, answers: false });
    killed.runner.receive({ ...report, studyHash: killed.hash });
    await killed.runner.idle();
    killed.runner.receive({ phase: "wait", study: "study", reason: "completed" });
    await killed.runner.idle();
    // On its way, it is not sent a second time by whoever asks: that is the link's work.
    killed.runner.receive({ ...report, studyHash: killed.hash });
    await killed.runner.idle();
    expect([killed.sent.reports.length, killed.sent.over]).toEqual([1, []]);

    const { runner, sent } = await makeRunner(options);
    runner.receive({ phase: "wait", study: "study", reason: "completed" });
    await runner.idle();
    expect(sent.reports).toEqual(killed.sent.reports);
    expect(sent.over).toEqual([true]);
    expect(bought.reports).toBe(2);
  });

  it("says what the policy lets leave, uses the better decoder, and is not measured twice", async () => {
    const folder = await temporaryFolder();
    const { open, bought } = stubTraining();
    const options = { folder, open, sums: [sumOf(1, 0.5)], policy: { metrics: "own" } as const, out: `${folder}/out` };
    const { runner, sent, hash } = await makeRunner(options);
    runner.receive({ ...report, studyHash: hash });
    await runner.idle();
    expect(sent.over).toEqual([true]);
    expect(sent.reports).toHaveLength(1);
    const { adaptedDice, ...others } = sent.reports[0];
    expect(others).toMatchObject({ deployed: true, version: 1, zeroShotDice: 0.5, queries: 18 });
    expect(others.images).toEqual({ train: 10, val: 4, test: 5 });
    expect(adaptedDice).toBeCloseTo(2 / 3, 4);
    const again = await makeRunner({ ...options, policy: { metrics: "own" } });
    again.runner.receive({ ...report, studyHash: hash });
    await again.runner.idle();
    expect(again.sent.reports).toEqual(sent.reports);
    expect(bought).toEqual({ steps: 0, validations: 2, reports: 2 });
  });

  it("stays zero-shot where the decoder is worse, and keeps figures of the site to itself by default", async () => {
    const { open, bought } = stubTraining({ dice: (first) => 0.8 - first });
    const { runner, sent, hash } = await makeRunner({ folder: await temporaryFolder(), open, sums: [sumOf(1, 0.5)] });
    runner.receive({ ...report, studyHash: hash });
    await runner.idle();
    expect(sent.reports).toEqual([
      { study: "study", deployed: false, queries: 13, blackboxSeconds: expect.any(Number), version: 0 },
    ]);
    expect(bought.reports).toBe(1);
  });

  it("fine-tunes where the study keeps a share for it, and goes on with that at its last step", async () => {
    const study = makeStudy({ rounds: 1, personalShare: 0.5 });
    const options = { study, sums: [sumOf(1, 0.5)] };
    const whole = await makeRunner({ ...options, folder: await temporaryFolder() });
    whole.runner.receive({ ...report, studyHash: whole.hash });
    await whole.runner.idle();
    expect(whole.sent.reports).toMatchObject([{ version: 3, deployed: true }]);
    expect(whole.sent.failures).toEqual([]);
    const theta = await whole.work.theta(3, new AbortController().signal);

    for (const kill of [0, 2, 3, 5]) {
      const folder = await temporaryFolder();
      const killed = killedBefore(kill);
      const before = await makeRunner({ ...options, folder, open: killed.open });
      before.runner.receive({ ...report, studyHash: before.hash });
      await killed.stuck;
      const rest = stubTraining();
      const after = await makeRunner({ ...options, folder, open: rest.open });
      after.runner.receive({ ...report, studyHash: after.hash });
      await after.runner.idle();
      expect(await after.work.theta(3, new AbortController().signal)).toEqual(theta);
      expect(rest.bought.steps).toBe(6 - kill);
      expect(after.sent.reports.map(({ blackboxSeconds, ...figures }) => figures)).toEqual(
        whole.sent.reports.map(({ blackboxSeconds, ...figures }) => figures),
      );
    }
  });
});
