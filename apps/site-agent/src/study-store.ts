import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { freshMeter, type MeterState } from "@fedbaps/core/blackbox/metered.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { z } from "zod";
import { type DiskPatience, impatient } from "./disk-patience.js";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { writing } from "./home-failure.js";
import { Journal } from "./journal.js";
import { readJson, writeJson } from "./json-file.js";
import { checkpointMeter, partialSchema, stepMeta, trainedMeta } from "./study-checkpoints.js";
import { freeName, removeTemporary } from "./study-folder.js";
import { laterMeter, type RecordOf, recordSchema, type StudyRecord } from "./study-records.js";
import { readVectors, writeVectors } from "./vector-file.js";

const JOURNAL = "journal.jsonl";
/** Where a round's training stands: after every step. */
export interface StepCheckpoint {
  readonly round: number;
  readonly state: OptimizerState;
  /** Of the round's steps so far. */
  readonly lossSum: number;
  readonly lossCount: number;
  readonly meter: MeterState;
}

/** A finished round: what every attempt at its sum contributes. */
export interface TrainedRound extends StepCheckpoint {
  readonly delta: Float32Array;
  readonly images: number;
}

/** What is measured: a version (0: zero-shot) on the validation list, or on the test split. */
export interface Measurement {
  readonly on: "validation" | "test";
  readonly version: number;
}

/** Records that others wait for now: without them the site does not go on, and says so, instead of waiting for the disk. */
const AT_ONCE: readonly StudyRecord["kind"][] = ["opened", "material", "revealed", "acknowledged"];

/**
 * Everything that one study has left on this site's disk: journal, checkpoints, models. Crash-safe at every point. What
 * was paid for is kept in memory while the disk does not take it.
 */
export class StudyStore {
  private constructor(
    readonly folder: string,
    private readonly journal: Journal<StudyRecord>,
    private latest: MeterState,
    readonly patience: DiskPatience,
  ) {}

  /**
   * Opens the study's folder. What an earlier study of the same name left is moved aside, not mixed in.
   * @throws AgentError JOURNAL_DAMAGED, HOME_NEWER, HOME_GONE; as `writing` does
   */
  static async open(home: Home, study: string, hash: string, patience = impatient): Promise<StudyStore> {
    await home.requireThere();
    const folder = home.study(study);
    let journal = await Journal.open(join(folder, JOURNAL), recordSchema);
    const opened = journal.entries.find((entry) => entry.kind === "opened");
    if (opened && opened.hash !== hash) {
      await writing(folder, async () => rename(folder, await freeName(`${folder}.${opened.hash.slice(0, 8)}`)));
      journal = await Journal.open(join(folder, JOURNAL), recordSchema);
    }
    const versions = join(folder, "versions");
    await writing(folder, async () => {
      await mkdir(versions, { recursive: true, mode: 0o700 });
      for (const place of [folder, versions]) await removeTemporary(place);
    });
    if (journal.entries.length === 0) await journal.append({ kind: "opened", study, hash });
    const store = new StudyStore(folder, journal, freshMeter, patience);
    for (const entry of journal.entries) if ("meter" in entry) store.#note(entry.meter);
    store.#note(await StudyStore.checkpointMeter(home, study));
    return store;
  }

  /** The records alone, for looking at while an agent may be writing them. */
  static read(home: Home, study: string): Promise<StudyRecord[]> {
    return Journal.read(join(home.study(study), JOURNAL), recordSchema);
  }

  /** The newest version on the disk; may be called while the agent runs. */
  static async newestVersion(home: Home, study: string): Promise<{ version: number; theta: Float32Array } | undefined> {
    const folder = join(home.study(study), "versions");
    for (const version of versionsAmong(await readdir(folder).catch((): string[] => []))) {
      const found = await readVectors(join(folder, versionFile(version)), z.object({ version: z.literal(version) }));
      if (found) return { version, theta: found.vectors[0] };
    }
    return undefined;
  }

  /** What was spent by the checkpoints, which are ahead of the journal. May be called while the agent runs. */
  static checkpointMeter(home: Home, study: string): Promise<MeterState> {
    return checkpointMeter(home.study(study));
  }

  /** Everything that was ever spent on the study here. */
  get meter(): MeterState {
    return this.latest;
  }

  records<K extends StudyRecord["kind"]>(kind: K): RecordOf<K>[] {
    return this.journal.entries.filter((entry): entry is RecordOf<K> => entry.kind === kind);
  }

  async record(entry: StudyRecord): Promise<void> {
    if ("meter" in entry) this.#note(entry.meter);
    if (AT_ONCE.includes(entry.kind)) await this.journal.append(entry);
    else await this.patience.keep(() => this.journal.append(entry));
  }

  /** Written after every step: on the disk before the next is paid for. */
  async saveStep({ state, ...meta }: StepCheckpoint): Promise<void> {
    this.#note(meta.meter);
    await this.#keep("step.bin", { ...meta, step: state.step }, [state.theta, ...state.moments]);
  }

  /** The last step, if it belongs to this round. */
  async step(round: number): Promise<StepCheckpoint | undefined> {
    const found = await this.#checkpoint("step.bin");
    return found?.round === round ? found : undefined;
  }

  async #checkpoint(file: string): Promise<StepCheckpoint | undefined> {
    const found = await readVectors(this.#path(file), stepMeta);
    if (!found) return undefined;
    const { step, ...meta } = found.meta;
    const [theta, ...moments] = found.vectors;
    return { ...meta, state: { step, theta, moments } };
  }

  /** On the disk before it returns: from here on, the round is never trained again. */
  async saveTrained({ state, delta, ...meta }: TrainedRound): Promise<void> {
    const vectors = [delta, state.theta, ...state.moments];
    await this.#keep("trained.bin", { ...meta, step: state.step }, vectors);
    await this.record({ kind: "trained", round: meta.round, steps: state.step, meter: meta.meter });
  }

  /** The last round that was trained to its end. @throws AgentError HOME_DAMAGED */
  async trained(): Promise<TrainedRound | undefined> {
    const found = await readVectors(this.#path("trained.bin"), trainedMeta);
    if (!found) {
      if (this.records("trained").length > 0)
        throw new AgentError(
          "HOME_DAMAGED",
          `${this.#path("trained.bin")} is missing or damaged; restore it from a backup`,
        );
      return undefined;
    }
    const { step, ...meta } = found.meta;
    const [delta, theta, ...moments] = found.vectors;
    return { ...meta, delta, state: { step, theta, moments } };
  }

  /** The same for a part of the site's own fine-tuning; `round` is its version. */
  async saveTuned({ state, ...meta }: StepCheckpoint): Promise<void> {
    const vectors = [state.theta, ...state.moments];
    await this.#keep("tuned.bin", { ...meta, step: state.step }, vectors);
    await this.record({ kind: "tuned", version: meta.round, steps: state.step, meter: meta.meter });
  }

  /** The last part of the fine-tuning that was trained to its end. */
  tuned(): Promise<StepCheckpoint | undefined> {
    return this.#checkpoint("tuned.bin");
  }

  /** The images of a measurement that were answered so far, with what was spent: on the disk before it returns. */
  async savePartial(measurement: Measurement, scores: readonly ImageScore[], meter: MeterState): Promise<void> {
    this.#note(meter);
    await this.patience.keep(() => writeJson(this.#partialFile(measurement), { scores, meter }, 0o600));
  }

  /** What a measurement that was cut off had got to. */
  async partial(measurement: Measurement): Promise<readonly ImageScore[]> {
    return (await readJson(this.#partialFile(measurement), partialSchema))?.scores ?? [];
  }

  /** The measurement is in the journal now. */
  async dropPartial(measurement: Measurement): Promise<void> {
    await this.#remove(this.#partialFile(measurement));
  }

  async saveVersion(version: number, theta: Float32Array): Promise<void> {
    await this.patience.keep(() => writeVectors(this.#versionFile(version), { version }, [theta]));
  }

  async version(version: number): Promise<Float32Array | undefined> {
    const found = await readVectors(this.#versionFile(version), z.object({ version: z.literal(version) }));
    return found?.vectors[0];
  }

  /** Versions on the disk, the newest first. */
  async versions(): Promise<number[]> {
    return versionsAmong(await readdir(this.#path("versions")));
  }

  /** Deletes the other versions: any can be had again from the past rounds' sums. */
  async keepVersions(keep: readonly number[]): Promise<void> {
    for (const version of await this.versions())
      if (!keep.includes(version)) await this.#remove(this.#versionFile(version));
  }

  /** Where the keys to sealed sums are kept. */
  get epochKeysFile(): string {
    return this.#path("epoch-keys.json");
  }

  #note(meter: MeterState): void {
    this.latest = laterMeter(this.latest, meter);
  }

  #keep(file: string, meta: unknown, vectors: readonly Float32Array[]): Promise<void> {
    return this.patience.keep(() => writeVectors(this.#path(file), meta, vectors));
  }

  #remove(file: string): Promise<void> {
    return this.patience.keep(() => writing(file, () => rm(file, { force: true })));
  }

  #versionFile(version: number): string {
    return this.#path("versions", versionFile(version));
  }

  #partialFile({ on, version }: Measurement): string {
    return this.#path(`partial-${on}-${version}.json`);
  }

  #path(...names: string[]): string {
    return join(this.folder, ...names);
  }
}

function versionFile(version: number): string {
  return `${String(version).padStart(4, "0")}.bin`;
}

/** The versions of which there is a file, the newest first. */
function versionsAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => /^\d+\.bin$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => b - a);
}
