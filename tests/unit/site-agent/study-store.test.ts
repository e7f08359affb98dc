import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BlackBoxError } from "@fedbaps/core/blackbox/model.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { readStudyStatus } from "@fedbaps/site-agent/study-status.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { makeRunner, reference } from "./make-runner.js";
import { STEP_QUERIES, stubTraining } from "./stub-training.js";

removeTemporaryFolders();

const meter = { train: 0, validate: 0, report: 0, seconds: 0, failures: 0, latency: {} };
const score = { id: 1, dice: 0.5, iou: 0.25 };

describe("what a study leaves on the disk", () => {
  it("is moved aside for another text of the study, however often the two take turns", async () => {
    const home = new Home(await temporaryFolder());
    const [a, b] = ["a".repeat(64), "b".repeat(64)];
    for (const hash of [a, b, a, b, a]) await StudyStore.open(home, "study", hash);
    const names = (await readdir(home.studies)).sort();
    expect(names).toEqual(["study", "study.aaaaaaaa", "study.aaaaaaaa.2", "study.bbbbbbbb", "study.bbbbbbbb.2"]);
  });

  it("holds the answered part of a measurement and what it cost", async () => {
    const home = new Home(await temporaryFolder());
    const hash = "a".repeat(64);
    const store = await StudyStore.open(home, "study", hash);
    await store.savePartial({ on: "test", version: 0 }, [score], { ...meter, report: 3 });
    const again = await StudyStore.open(home, "study", hash);
    expect(again.meter.report).toBe(3);
    expect(await again.partial({ on: "test", version: 0 })).toEqual([score]);
    expect(await again.partial({ on: "validation", version: 0 })).toEqual([]);
    expect((await readStudyStatus(home, "study", [])).queries).toBe(3);
    await again.dropPartial({ on: "test", version: 0 });
    expect(await again.partial({ on: "test", version: 0 })).toEqual([]);
  });
});

it("counts in the status what a round has spent so far", async () => {
  const folder = await temporaryFolder();
  const { open } = stubTraining({ beforeStep: (step) => (step === 2 ? new Promise(() => {}) : undefined) });
  const { train, store } = await makeRunner({ folder, open });
  train(reference(1));
  while ((await store.step(1))?.state.step !== 2) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await readStudyStatus(new Home(folder), "study", [])).queries).toBe(4 + 2 * STEP_QUERIES);
});

describe("a measurement that was cut off", () => {
  const report = { phase: "report", study: "study", version: 0 } as const;

  it("pays for no answered image again, after a failure and after a restart", async () => {
    const folder = await temporaryFolder();
    // Four images of the validation list, then five of the test split: both are cut off in the middle.
    for (const [broken, paid] of [
      [2, 2],
      [5, 5],
    ]) {
      const { open } = stubTraining({
        beforeImage: (images) => {
          if (images === broken) throw new BlackBoxError("BLACKBOX_FAILED", "down");
        },
      });
      const { runner, sent, hash, work } = await makeRunner({ folder, open });
      runner.receive({ ...report, studyHash: hash });
      await runner.idle();
      expect(sent.failures).toMatchObject([{ stage: "report", code: "BLACKBOX_FAILED" }]);
      const before = broken === 2 ? 0 : 2;
      expect(work.queries).toBe(before + paid);
      await runner.stop(Promise.resolve());
    }
    const { runner, sent, hash, store } = await makeRunner({ folder });
    runner.receive({ ...report, studyHash: hash });
    await runner.idle();
    expect(sent.reports).toMatchObject([{ queries: 4 + 5, deployed: false }]);
    expect((await readdir(store.folder)).filter((name) => name.startsWith("partial"))).toEqual([]);
  });
});

it("refuses a folder with as many pictures, but others", async () => {
  const folder = await temporaryFolder();
  const names = (swapped: number) => stubTraining({ stem: (id) => (id === swapped ? "other" : `picture-${id}`) }).open;
  const first = await makeRunner({ folder, open: names(-1) });
  await first.work.open();
  expect(await readFile(join(first.store.folder, "journal.jsonl"), "utf8")).not.toContain("picture");
  await (await makeRunner({ folder, open: names(-1) })).work.open();
  const swapped = await makeRunner({ folder, open: names(3) });
  await expect(swapped.work.open()).rejects.toMatchObject({ code: "MATERIAL_CHANGED" });
});

it("leaves no decoder or picture of an earlier run where the site stays zero-shot, and says the result", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  await mkdir(join(out, "pictures"), { recursive: true });
  for (const name of ["decoder.safetensors", "pictures/test-1.png", "notes.txt"]) await writeFile(join(out, name), "");
  const { runner, sent, hash } = await makeRunner({ folder, out });
  runner.receive({ phase: "report", study: "study", version: 0, studyHash: hash });
  await runner.idle();
  expect((await readdir(out)).sort()).toEqual(["notes.txt", "pictures", "report.json", "results.json"]);
  expect(await readdir(join(out, "pictures"))).toEqual([]);
  expect(sent.lines).toEqual([
    `study: test Dice zero-shot 0.500, in use 0.500 (the model stays zero-shot); ` +
      `a small network trained on your labels alone, without the black box: Dice 0.400; report.json is in ${out}`,
  ]);
});

describe("an approval that is withdrawn", () => {
  it("ends the training before the next step, and the coordinator hears of it", async () => {
    let approved = true;
    const { open, bought } = stubTraining({
      beforeStep: (step) => {
        if (step === 1) approved = false;
      },
    });
    const { runner, sent, train } = await makeRunner({
      folder: await temporaryFolder(),
      open,
      approved: () => approved,
    });
    train(reference(1));
    await runner.idle();
    expect(bought.steps).toBe(2);
    expect(sent.replies).toEqual([]);
    expect(sent.failures).toEqual([{ study: "study", stage: "training", code: "NOT_APPROVED" }]);
  });

  it("ends a measurement in the middle; the report is made when the approval is back", async () => {
    let approved = true;
    let withdraw = () => {};
    const { open } = stubTraining({
      beforeImage: (images) => {
        if (images === 6 && approved) withdraw();
      },
    });
    const { runner, sent, hash, work } = await makeRunner({
      folder: await temporaryFolder(),
      open,
      approved: () => approved,
    });
    withdraw = () => {
      approved = false;
      runner.approvalChanged();
    };
    runner.receive({ phase: "report", study: "study", version: 0, studyHash: hash });
    await runner.idle();
    expect(work.queries).toBe(6);
    expect(sent.failures).toEqual([{ study: "study", stage: "report", code: "NOT_APPROVED" }]);
    withdraw = () => {};
    approved = true;
    runner.approvalChanged();
    await runner.idle();
    expect(sent.reports).toMatchObject([{ queries: 9 }]);
  });
});
