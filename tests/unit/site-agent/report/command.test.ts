import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freshMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { openDataset, type Sample } from "@fedbaps/core/data/dataset.js";
import { saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { readMask } from "@fedbaps/core/image/read.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { chooseDecoder, latestFinished } from "@fedbaps/site-agent/predict/decoder-choice.js";
import { AnswerFiles } from "@fedbaps/site-agent/report/answer-files.js";
import { type Results, writeResults } from "@fedbaps/site-agent/report/results-file.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { noisyTheta } from "../../../support/cases.js";
import { run } from "../../../support/command-line.js";
import { phantomSite } from "../../../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

removeTemporaryFolders();

const meter = { ...freshMeter, train: 500, validate: 60, report: 18, seconds: 12 };
const scoresOf = (samples: readonly Pick<Sample, "id">[], dice: number): ImageScore[] =>
  samples.map(({ id }, i) => ({ id, dice: dice + i / 100, iou: dice / 2, hd95: 5 }));

let site: string;
let test: readonly Sample[];
let identity: string;

beforeAll(async () => {
  site = await phantomSite({ images: 15 });
  ({ test } = await openDataset(site, { seed: 1 }));
  const model = await openBlackBox("bundled");
  identity = model.description.identity;
  await model.close();
});

async function saveTestDecoder(folder: string, study: string, version: number): Promise<void> {
  const theta = noisyTheta(await openDecoder("filter-bank"), 4, 2);
  const provenance = {
    decoder: "filter-bank",
    blackbox: "bundled",
    blackboxIdentity: identity,
    study,
    version,
    seed: 1,
  } as const;
  await saveDecoder(join(folder, "decoder.safetensors"), theta, provenance);
}

const resultsWith = (more: Partial<Results>): Results => ({
  at: "2026-03-01T10:00:00.000Z",
  study: "local",
  settings: {
    decoder: "filter-bank",
    decoderParameters: 117,
    preset: "adam",
    rounds: 6,
    budget: 600,
    clicks: 3,
    seed: 1,
  },
  blackbox: { name: "onnx:/home/somebody/secret/sam.onnx", identity },
  images: { train: 9, val: 3, test: test.length },
  deployed: true,
  version: 4,
  validation: { zeroShot: scoresOf(test, 0.5), best: scoresOf(test, 0.6) },
  curve: [
    { version: 0, queries: 9, valDice: 0.5 },
    { version: 4, queries: 560, valDice: 0.6 },
  ],
  test: { zeroShot: scoresOf(test, 0.5), adapted: scoresOf(test, 0.6) },
  meter,
  ...more,
});

/** A folder as `adapt` leaves it. @param kept whether the answers were kept */
async function adapted(kept: boolean, more: Partial<Results> = {}): Promise<string> {
  const folder = await temporaryFolder();
  await writeResults(folder, resultsWith(more));
  await saveTestDecoder(folder, "local", 4);
  const answers = new AnswerFiles(folder);
  for (const { id, mask } of kept ? test : [])
    for (const subject of ["zero-shot", "adapted"] as const)
      await answers.save(subject, [{ id, mask: await readMask(mask.path) }]);
  return folder;
}

async function report(...argv: string[]) {
  const out = join(await temporaryFolder(), "report.html");
  const ran = await run("report", ...argv, "--out", out, "--json");
  const page = await readFile(out, "utf8").catch(() => "");
  const json = (ran.out === "" ? {} : JSON.parse(ran.out)) as Record<string, unknown>;
  return { ...ran, page, json, pictures: page.split("data:image/png").length - 1 };
}

describe("report of a local run", () => {
  it("has the cases with their pictures from what was kept: no query is asked", async () => {
    const home = join(await temporaryFolder(), "none");
    const { status, err, page, json, pictures } = await report(await adapted(true), "--data", site, "--home", home);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(json).toMatchObject({ deployed: true, version: 4, queries: 578, budget: 600, queriesForThisReport: 0 });
    expect(json.perImage).toHaveLength(test.length);
    // Picture and click, both answers and the visual prompt of every one of the few test images.
    expect(pictures).toBe(4 * test.length);
    // Neither the pictures' names nor the folders of this machine.
    for (const { stem } of test) expect(page).not.toContain(stem);
    expect(page).not.toMatch(/somebody|secret/);
    expect(page).toContain("onnx:sam.onnx");
  });

  it("names the images where that is asked for", async () => {
    const folder = await adapted(true);
    const { page } = await report(folder, "--data", site, "--show-names");
    for (const { stem } of test) expect(page).toContain(stem);
    const neither = await run("report", folder, "--data", site, "--show-names", "--no-pictures");
    expect([neither.status, neither.err]).toEqual([2, expect.stringContaining("--show-names or --no-pictures")]);
  });

  it("says how many answers were not kept, and asks for them only if told to, once", async () => {
    const folder = await adapted(false);
    const without = await report(folder, "--data", site);
    expect(without.json.queriesForThisReport).toBe(0);
    expect(without.page).toContain(`with --ask the black box is asked again, ${2 * test.length} queries`);
    expect(without.pictures).toBe(2 * test.length);
    const asked = await report(folder, "--data", site, "--ask");
    expect(asked.err).toContain(`asking the black box, ${2 * test.length} queries`);
    expect(asked.json.queriesForThisReport).toBe(2 * test.length);
    expect([asked.pictures, asked.page.includes("not of the budget above")]).toEqual([4 * test.length, true]);
    expect((await report(folder, "--data", site, "--ask")).json.queriesForThisReport).toBe(0);
    await rm(join(folder, "answers"), { recursive: true });
    await writeResults(folder, resultsWith({ blackbox: { name: "bundled", identity: "0".repeat(64) } }));
    expect(await report(folder, "--data", site, "--ask")).toMatchObject({
      status: 2,
      err: expect.stringContaining("not the black box that was measured"),
    });
  });

  it("does without pictures where no data are known, or they are others, and says so", async () => {
    const home = join(await temporaryFolder(), "none");
    const folder = await adapted(true);
    const none = await report(folder, "--home", home);
    expect(none).toMatchObject({ status: 0, pictures: 0, err: expect.stringMatching(/no pictures.*--data DIR/) });
    const other = await adapted(true, {
      test: { zeroShot: scoresOf([{ id: 99 }], 0.5), adapted: scoresOf([{ id: 99 }], 0.6) },
    });
    const changed = await report(other, "--data", site);
    expect([changed.status, changed.pictures]).toEqual([0, 0]);
    expect(changed.page).toContain("the data folder has other images than those that were measured");
    expect(changed.err).toContain("other images than those that were measured");
  });

  it("tells of the small network alone, plainly where it does better; older results do without", async () => {
    const reference = scoresOf(test, 0.7);
    const folder = await adapted(true, {
      test: { zeroShot: scoresOf(test, 0.5), adapted: scoresOf(test, 0.6), reference },
    });
    const { json, page } = await report(folder, "--no-pictures");
    expect(json).toMatchObject({
      metrics: { dice: { reference: { mean: expect.closeTo(0.71) } }, hd95: { reference: { mean: 5 } } },
      referenceLead: { difference: { mean: expect.closeTo(0.1) }, p: 0.25 },
    });
    expect(json.perImage).toMatchObject(reference.map(({ id, dice }) => ({ id, referenceDice: dice })));
    expect(page).toContain("consider whether you need the black box for this task");
    const out = join(await temporaryFolder(), "report.html");
    const said = await run("report", folder, "--no-pictures", "--out", out);
    expect(said.out).toMatch(/without the black box: Dice 0\.710\nOn these images the small network alone does better/);
    const older = await report(await adapted(true), "--no-pictures");
    expect(older.json).toMatchObject({ metrics: { dice: { reference: null } }, referenceLead: null });
    expect(older.json.perImage).toMatchObject(test.map(() => ({ referenceDice: null })));
  });

  it("works for a run that stayed zero-shot, and refuses what is no result", async () => {
    const zeroShot = { deployed: false, version: 0, test: { zeroShot: scoresOf(test, 0.5), adapted: null } };
    const { status, json, pictures, page } = await report(await adapted(true, zeroShot), "--data", site);
    expect([status, json.deployed, pictures]).toEqual([0, false, 2 * test.length]);
    expect(page).toContain("nothing has become worse");
    const empty = await temporaryFolder();
    expect(await report(empty)).toMatchObject({ status: 2, err: expect.stringContaining("results.json") });
    const damaged = await adapted(true);
    await writeFile(join(damaged, "results.json"), "{");
    expect(await report(damaged)).toMatchObject({ status: 1, err: expect.stringContaining("damaged") });
    expect(await report("--home", empty)).toMatchObject({
      status: 2,
      err: expect.stringContaining("no study has begun"),
    });
  });
});

describe("report of a study", () => {
  const names = { train: "a".repeat(64), val: "b".repeat(64), test: "c".repeat(64) };

  async function study(home: Home, name: string, best: number): Promise<StudyStore> {
    const store = await StudyStore.open(home, name, "d".repeat(64));
    const validated = { kind: "validated" as const, meter };
    await store.record({ kind: "material", train: 9, val: 3, test: test.length, blackbox: identity, names });
    await store.record({ ...validated, version: 0, scores: scoresOf(test, 0.5) });
    await store.record({ ...validated, version: 1, scores: scoresOf(test, best) });
    await store.record({ kind: "revealed", round: 1, attempt: 1, survivors: ["aa", "bb", "cc"], dropped: ["dd"] });
    return store;
  }

  async function finish(home: Home, store: StudyStore, name: string, deployed: boolean): Promise<void> {
    const adaptedScores = deployed ? scoresOf(test, 0.6) : null;
    const version = deployed ? 1 : 0;
    await writeResults(
      store.folder,
      resultsWith({
        study: name,
        site: "aa",
        deployed,
        version,
        test: { zeroShot: scoresOf(test, 0.5), adapted: adaptedScores },
      }),
    );
    await writeFile(join(store.folder, "report.json"), "{}");
    if (deployed) await saveTestDecoder(store.folder, name, 1);
    await store.record({
      kind: "reported",
      report: { study: name, deployed, queries: 578, blackboxSeconds: 12, version },
    });
    expect(await latestFinished(home)).toBe(name);
  }

  it("shows what there is while it is under way, and the whole at its end", async () => {
    const home = new Home(await temporaryFolder());
    const store = await study(home, "lesions", 0.6);
    const early = await report("--home", home.folder, "--data", site);
    expect(early).toMatchObject({
      status: 0,
      json: { study: "lesions", finished: false, deployed: false, version: 1, queries: 578 },
    });
    expect(early.page).toContain("under way");
    expect(early.page).toContain("aa, bb, cc");
    await finish(home, store, "lesions", true);
    const end = await report("lesions", "--home", home.folder, "--data", site);
    expect(end.json).toMatchObject({ finished: true, deployed: true, participation: [{ round: 1, dropped: ["dd"] }] });
    expect(end.page).toContain("site aa");
  });

  it("and predict agree on what is in use, by the journal alone", async () => {
    const home = new Home(await temporaryFolder());
    await expect(chooseDecoder({ home })).resolves.toEqual({
      reason: expect.stringContaining("no study has finished"),
    });
    const good = await study(home, "good", 0.6);
    await expect(chooseDecoder({ home, study: "good" })).rejects.toThrow(/has no result here yet/);
    await expect(chooseDecoder({ home, study: "none" })).rejects.toMatchObject({ code: "UNKNOWN_STUDY" });
    await finish(home, good, "good", true);
    const chosen = await chooseDecoder({ home });
    expect(chosen.adapted?.provenance).toMatchObject({ study: "good", version: 1 });
    expect(chosen.reason).toBe("version 1 of the study good: validation Dice 0.610, zero-shot 0.510");
    const bad = await study(home, "bad", 0.4);
    await finish(home, bad, "bad", false);
    expect(await chooseDecoder({ home })).toEqual({
      reason: expect.stringMatching(
        /no version of the study bad was shown to be better than zero-shot \(validation Dice 0\.\d+\)$/,
      ),
    });
    await mkdir(join(home.studies, "bad.dddddddd"));
    expect((await readdir(home.studies)).length).toBe(3);
    expect(await latestFinished(home)).toBe("bad");
  });
});
