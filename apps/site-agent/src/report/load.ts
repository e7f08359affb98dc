import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { queriesOf } from "@fedbaps/core/blackbox/metered.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import type { Home } from "../home.js";
import { readOffers } from "../offers.js";
import { latestFinished } from "../predict/decoder-choice.js";
import { readSent } from "../sent-counts.js";
import { laterMeter, type RecordOf, type StudyRecord } from "../study-records.js";
import { settingsOf } from "../study-report.js";
import { StudyStore } from "../study-store.js";
import type { ReportData } from "./report-data.js";
import { readResults, type WrittenResults } from "./results-file.js";

/** What a report is made of, and the folder with decoder and answers. */
export interface Subject {
  readonly folder: string;
  readonly data: ReportData;
}

/**
 * Finds what to report on: a study of this home by its name, a folder that `adapt` or `run --out` wrote, or, without a name,
 * the study that finished here last, else the one that is under way.
 * @throws UsageError where there is no such thing; AgentError JOURNAL_DAMAGED, HOME_DAMAGED, HOME_NEWER
 */
export async function loadSubject(home: Home, named: string | undefined): Promise<Subject> {
  const name = named ?? (await latestFinished(home)) ?? (await latestBegun(home));
  if (name === undefined)
    throw new UsageError("no study has begun in this home; name the folder that adapt wrote: fedbaps-site report DIR");
  const entries = isName(name) ? await StudyStore.read(home, name) : [];
  if (entries.length > 0) return { folder: home.study(name), data: await studyData(home, name, entries) };
  const folder = resolve(name);
  const results = await readResults(folder);
  if (results) return (await heldHere(home, results)) ?? { folder, data: ofResults(results) };
  throw new UsageError(
    `${name}: neither a study of this home nor a folder with results.json, which adapt and run --out write; ` +
      "fedbaps-site status lists the studies",
  );
}

/** The study of this home of which `run --out` left a copy: here are the answers too, and what was sent. */
async function heldHere(home: Home, { study, at }: WrittenResults): Promise<Subject | undefined> {
  const entries = study !== "local" && isName(study) ? await StudyStore.read(home, study) : [];
  if (entries.length === 0) return undefined;
  const data = await studyData(home, study, entries);
  return data.at === at ? { folder: home.study(study), data } : undefined;
}

/** So never a way out of the home. */
function isName(name: string): boolean {
  return /^[a-z0-9-]+$/.test(name);
}

async function latestBegun(home: Home): Promise<string | undefined> {
  const names = (await readdir(home.studies).catch((): string[] => [])).filter((name) => !name.includes("."));
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      at: await stat(join(home.study(name), "journal.jsonl")).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  );
  return dated.sort((a, b) => b.at - a.at || a.name.localeCompare(b.name))[0]?.name;
}

function ofResults(results: WrittenResults): ReportData {
  const { study, ...rest } = results;
  const local = study === "local";
  return { kind: local ? "local" : "study", name: study, finished: true, participation: [], roundsTrained: 0, ...rest };
}

async function studyData(home: Home, name: string, entries: readonly StudyRecord[]): Promise<ReportData> {
  const sums = recordsOf(entries, "revealed").map(({ kind: _, ...sum }) => sum);
  const common = {
    participation: sums,
    roundsTrained: recordsOf(entries, "trained").length,
    sent: await readSent(home, name),
  };
  // The results are whole only once the report is; an earlier try may have left them.
  const results = recordsOf(entries, "reported").length > 0 ? await readResults(home.study(name)) : undefined;
  return results ? { ...ofResults(results), ...common } : { ...(await underWay(home, name, entries)), ...common };
}

/** From the journal alone: a study that is not over, or that an earlier version of this program measured. */
async function underWay(home: Home, name: string, entries: readonly StudyRecord[]) {
  const validated = recordsOf(entries, "validated");
  const [zeroShot, ...versions] = validated;
  const choice = zeroShot && new VersionChoice(zeroShot.scores);
  for (const { version, scores } of versions) choice?.offer(version, scores);
  const [material] = recordsOf(entries, "material");
  const measured = new Map(recordsOf(entries, "measured").map(({ subject, scores }) => [subject, scores]));
  const meters = entries.flatMap((entry) => ("meter" in entry ? [entry.meter] : []));
  const spec = (await readOffers(home).catch(() => [])).find((offer) => offer.spec.name === name)?.spec;
  const zeroShotTest = measured.get("zero-shot");
  const finished = recordsOf(entries, "reported").length > 0;
  return {
    kind: "study" as const,
    name,
    title: spec?.title,
    finished,
    settings: spec && settingsOf(spec, parameterCount(spec.decoder)),
    blackbox: { identity: material?.blackbox },
    images: material && { train: material.train, val: material.val, test: material.test },
    version: choice?.best.version ?? 0,
    validation: choice && { zeroShot: choice.zeroShot, best: choice.best.scores },
    curve: validated.map(({ version, scores, meter }) => ({
      version,
      queries: queriesOf(meter),
      valDice: meanDice(scores),
    })),
    test: finished && zeroShotTest ? { zeroShot: zeroShotTest, adapted: measured.get("adapted") ?? null } : undefined,
    meter: meters.reduce(laterMeter, await StudyStore.checkpointMeter(home, name)),
  };
}

function recordsOf<K extends StudyRecord["kind"]>(entries: readonly StudyRecord[], kind: K): RecordOf<K>[] {
  return entries.filter((entry): entry is RecordOf<K> => entry.kind === kind);
}
