import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import type { SiteReport } from "@fedbaps/core/wire/messages.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { writing } from "./home-failure.js";
import { readJson, writeJson } from "./json-file.js";
import type { StepReport } from "./paid-steps.js";
import { plainReason } from "./plain-reason.js";
import type { Policy } from "./policy.js";
import { measureReference, referenceWords } from "./report/reference.js";
import { type Results, readResults, writeResults } from "./report/results-file.js";
import type { StudyStore } from "./study-store.js";
import type { StudyWork } from "./study-work.js";

/** A site's own report: it stays here. What of it is sent is `filterReport`'s. */
export interface LocalReport {
  readonly site: string;
  readonly study: string;
  readonly images: { readonly train: number; readonly val: number; readonly test: number };
  readonly zeroShotDice: number;
  /** Of what the site uses: the zero-shot figure where it stays with that. */
  readonly adaptedDice: number;
  /** Of a small network trained on this site's labels alone; absent where it could not be measured. */
  readonly referenceDice?: number;
  readonly deployed: boolean;
  /** The version in use; 0 is zero-shot. */
  readonly version: number;
  readonly queries: number;
  readonly blackboxSeconds: number;
  readonly curve: readonly { readonly version: number; readonly queries: number; readonly valDice: number }[];
}

export interface ReportInit {
  readonly site: string;
  readonly study: StudySpec;
  readonly store: StudyStore;
  readonly work: StudyWork;
  /** Where else results go. */
  readonly out: string | undefined;
  say(line: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** After every step of the site's own fine-tuning. */
  onStep(step: StepReport): void;
}

/**
 * The end of a study at this site: fine-tunes, chooses the version to use (zero-shot, unless one was shown to be better on
 * the validation list), measures it and zero-shot on the test split, and writes decoder and report. What was measured before
 * is not measured again, but for the small network alone, which asks nothing.
 */
export async function makeReport(init: ReportInit, version: number, signal: AbortSignal): Promise<LocalReport> {
  const { site, study, store, work, out, say } = init;
  const opened = await work.open();
  const { dataset, meter } = opened.training;
  await work.validate(version, signal);
  await work.fineTune(signal, init.onStep);
  const zeroShotScores = await work.measure("zero-shot", signal);
  const zeroShot = meanDice(zeroShotScores);
  const best = work.choice()?.best.version ?? 0;
  const theta = best > 0 ? await work.theta(best, signal) : undefined;
  const adaptedScores = theta ? await work.measure("adapted", signal) : null;
  const reference = await measureReference(opened.training, signal, (line) => say(`${study.name}: ${line}`));
  const report: LocalReport = {
    site,
    study: study.name,
    images: { train: dataset.train.length, val: dataset.val.length, test: dataset.test.length },
    zeroShotDice: zeroShot,
    adaptedDice: adaptedScores ? meanDice(adaptedScores) : zeroShot,
    ...(reference ? { referenceDice: meanDice(reference) } : {}),
    deployed: theta !== undefined,
    version: best,
    queries: meter.spent,
    blackboxSeconds: meter.state.seconds,
    curve: work.curve(),
  };
  const { description } = opened.training.model;
  const provenance = {
    decoder: study.decoder,
    blackbox: description.name,
    blackboxIdentity: description.identity,
    study: study.name,
    version: best,
    seed: study.seed,
    sizing: { geometry: description.geometry, nativeSize: description.nativeSize },
  };
  const zeroShotVal = work.choice()?.zeroShot ?? [];
  const results: Results = {
    at: new Date(init.now()).toISOString(),
    site,
    study: study.name,
    title: study.title,
    settings: settingsOf(study, opened.training.parameterCount),
    blackbox: { name: description.name, identity: description.identity },
    images: report.images,
    deployed: report.deployed,
    version: best,
    validation: { zeroShot: zeroShotVal, best: work.choice()?.best.scores ?? zeroShotVal },
    curve: report.curve,
    test: { zeroShot: zeroShotScores, adapted: adaptedScores, reference },
    meter: meter.state,
  };
  for (const folder of [store.folder, ...(out === undefined ? [] : [out])]) {
    const decoder = join(folder, "decoder.safetensors");
    const write = async () => {
      await makeFolder(folder);
      // What an earlier study or run left here is not this study's result.
      if (theta) await saveDecoder(decoder, theta, provenance);
      else await rm(decoder, { force: true });
      await writeJson(join(folder, "report.json"), report);
      await writeResults(folder, results);
    };
    await store.patience.keep(() => writing(folder, write));
  }
  if (out !== undefined) await store.patience.keep(() => writing(out, () => removePictures(join(out, "pictures"))));
  if (out !== undefined)
    // Pictures are a help for the eye: without them the report is as good.
    await opened
      .afterReport?.(theta ? { theta, out } : { out })
      .catch((error: unknown) => say(`${study.name}: the pictures could not be made: ${plainReason(error)}`));
  return report;
}

/** What of a study's text the page of its results tells. */
export function settingsOf(study: StudySpec, decoderParameters: number): Results["settings"] {
  const { decoder, preset, rounds, personalShare, budget, clicks, seed } = study;
  return { decoder, decoderParameters, preset, rounds, personalShare, budget, clicks, seed };
}

/** The pictures of an earlier study or run. */
async function removePictures(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.filter((candidate) => /^test-\d+\.png$/.test(candidate)))
    await rm(join(folder, name), { force: true });
}

const resultSchema = z.object({
  study: z.string(),
  zeroShotDice: z.number(),
  adaptedDice: z.number(),
  deployed: z.boolean(),
  version: z.number(),
});

/** The end of a study in one line for the person here, from the report on the disk; undefined where there is none. */
export async function resultLine(store: StudyStore, out: string | undefined): Promise<string | undefined> {
  const result = await readJson(join(store.folder, "report.json"), resultSchema);
  if (!result) return undefined;
  const { study, zeroShotDice, adaptedDice, deployed, version } = result;
  const used = deployed ? `the adapted decoder is used, version ${version}` : "the model stays zero-shot";
  const files = deployed ? "report.json and decoder.safetensors are" : "report.json is";
  const results = await readResults(store.folder).catch(() => undefined);
  const alone = results && referenceWords(results.test, results.settings.seed);
  const figure = alone ? ` ${alone.figure};` : "";
  const advice = alone?.advice === undefined ? "" : `. ${alone.advice}`;
  return (
    `${study}: test Dice zero-shot ${zeroShotDice.toFixed(3)}, in use ${adaptedDice.toFixed(3)} (${used});${figure} ` +
    `${files} in ${out ?? store.folder}${advice}`
  );
}

/** What of the report the policy lets leave; of the small network alone, nothing. */
export function filterReport(report: LocalReport, policy: Policy): SiteReport {
  const { study, deployed, queries, blackboxSeconds, version, images, zeroShotDice, adaptedDice } = report;
  const own = policy.metrics === "own" ? { images, zeroShotDice, adaptedDice } : {};
  return { study, deployed, queries, blackboxSeconds, version, ...own };
}
