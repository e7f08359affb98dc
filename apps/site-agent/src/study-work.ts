import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { sampleText } from "@fedbaps/core/data/samples.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { PERSONAL_PARTS } from "@fedbaps/core/training/budget-plan.js";
import { type Answer, type EvaluationResume, type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import { preset, queriesPerStep } from "@fedbaps/core/training/presets.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { AgentError } from "./errors.js";
import { fineTune } from "./fine-tuning.js";
import { measureInBlocks, type StepReport, trainStretch } from "./paid-steps.js";
import { AnswerFiles } from "./report/answer-files.js";
import { StudyModel, type StudyModelInit } from "./study-model.js";
import type { RecordOf } from "./study-records.js";
import type { Measurement, StepCheckpoint, TrainedRound } from "./study-store.js";
import type { OpenedTraining, OpenTraining, Training } from "./training.js";

export interface StudyWorkInit extends StudyModelInit {
  readonly open: OpenTraining;
}

/**
 * One study's paid work at this site: validation, training, measuring. Each piece is stored when it is done and never
 * bought twice; a round that was cut off goes on at its last step.
 */
export class StudyWork {
  readonly #model: StudyModel;
  #opening: Promise<OpenedTraining> | undefined;
  #training: Training | undefined;

  constructor(private readonly init: StudyWorkInit) {
    this.#model = new StudyModel(init);
  }

  /** Queries spent on the study, over all runs of this program. */
  get queries(): number {
    const { train, validate, report } = this.#training?.meter.state ?? this.init.store.meter;
    return train + validate + report;
  }

  /** Opens data and black box, once. What fails is tried anew at the next call. */
  open(): Promise<OpenedTraining> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await opened?.training.close();
  }

  /** The parameters of a version: shared ones up to the last round, then those of the site's own fine-tuning. */
  async theta(version: number, signal: AbortSignal): Promise<Float32Array> {
    const { training } = await this.open();
    if (version > this.init.study.rounds) {
      const own = await this.init.store.version(version);
      if (!own)
        throw new AgentError("HOME_DAMAGED", `version ${version} of ${this.init.study.name} is gone; restore it`);
      return own;
    }
    return this.#model.theta(version, training.initialTheta(), signal);
  }

  /** A version's scores on the validation list, measured once; zero-shot (version 0) before any other. */
  async validate(version: number, signal: AbortSignal): Promise<readonly ImageScore[]> {
    if (version > 0) await this.validate(0, signal);
    const known = this.#validated().find((entry) => entry.version === version);
    if (known) return known.scores;
    const { training } = await this.open();
    const theta = version === 0 ? undefined : await this.theta(version, signal);
    const { store } = this.init;
    const measurement: Measurement = { on: "validation", version };
    const ask = (resume: EvaluationResume) => training.validate(theta, signal, resume);
    const scores = await measureInBlocks(store, training, measurement, ask);
    await store.record({ kind: "validated", version, scores, meter: training.meter.state });
    await store.dropPartial(measurement);
    await this.#prune(version);
    return scores;
  }

  /**
   * Which version this site would use, by what was measured so far; undefined before zero-shot was.
   * @param newest later versions do not count.
   */
  choice(newest = Number.POSITIVE_INFINITY): VersionChoice | undefined {
    const [zeroShot, ...versions] = this.#validated();
    if (!zeroShot) return undefined;
    const choice = new VersionChoice(zeroShot.scores);
    for (const { version, scores } of versions) if (version <= newest) choice.offer(version, scores);
    return choice;
  }

  /** Validation Dice of a version that was measured. */
  valDice(version: number): number | undefined {
    const entry = this.#validated().find((candidate) => candidate.version === version);
    return entry && meanDice(entry.scores);
  }

  /** Validation Dice over queries, for the learning curve. */
  curve(): { version: number; queries: number; valDice: number }[] {
    return this.#validated().map(({ version, scores, meter }) => ({
      version,
      queries: meter.train + meter.validate + meter.report,
      valDice: meanDice(scores),
    }));
  }

  /** Scores of zero-shot, or of the chosen version, on the test split, measured once. */
  async measure(subject: "zero-shot" | "adapted", signal: AbortSignal): Promise<readonly ImageScore[]> {
    const known = this.init.store.records("measured").find((entry) => entry.subject === subject);
    if (known) return known.scores;
    const { training } = await this.open();
    const { store } = this.init;
    const version = subject === "zero-shot" ? 0 : (this.choice()?.best.version ?? 0);
    const theta = subject === "zero-shot" ? undefined : await this.theta(version, signal);
    const measurement: Measurement = { on: "test", version };
    const files = new AnswerFiles(store.folder);
    // Without them the report lacks pictures, no more.
    const onAnswers = (answers: readonly Answer[]) => files.save(subject, answers).catch(() => {});
    const ask = (resume: EvaluationResume) => training.report(theta, signal, { ...resume, onAnswers });
    const scores = await measureInBlocks(store, training, measurement, ask);
    await store.record({ kind: "measured", subject, scores, meter: training.meter.state });
    await store.dropPartial(measurement);
    return scores;
  }

  /** The update of a round that was trained to its end. */
  async trained(round: number): Promise<TrainedRound | undefined> {
    const last = await this.init.store.trained();
    return last?.round === round ? last : undefined;
  }

  /**
   * Trains a round from the shared model before it, and stores the update before it returns.
   * @param signal ends the work at once; @param onStep is awaited after every stored step: what it throws ends the work.
   */
  async train(round: number, signal: AbortSignal, onStep: (step: StepReport) => void): Promise<TrainedRound> {
    const known = await this.trained(round);
    if (known) return known;
    const { training } = await this.open();
    const version = round - 1;
    await this.validate(version, signal);
    const start = await this.theta(version, signal);
    const last = await trainStretch({
      training,
      store: this.init.store,
      from: await this.#begin(round, training, start),
      end: training.stepsAfter(round),
      stepCost: this.#stepCost,
      reserved: this.#reserved(round, training),
      run: (state, options) => training.trainRound(round, state, options),
      onStep,
      signal,
    });
    const delta = last.state.theta.map((value, i) => value - start[i]);
    const trained = { ...last, delta, images: training.dataset.train.length };
    await this.init.store.saveTrained(trained);
    return trained;
  }

  /** The site's own training after the last round, where the study keeps a share of the budget for it. */
  async fineTune(signal: AbortSignal, onStep: (step: StepReport) => void): Promise<void> {
    const { training } = await this.open();
    const { store, study } = this.init;
    await fineTune({ study, store, work: this, training, stepCost: this.#stepCost }, signal, onStep);
  }

  async #begin(round: number, training: Training, theta: Float32Array): Promise<StepCheckpoint> {
    const stored = await this.init.store.step(round);
    if (stored) return stored;
    const previous = (await this.init.store.trained())?.state ?? training.startState();
    // A site that missed rounds goes on with the others: it does not make up for the steps of rounds that are over.
    const step = Math.max(previous.step, training.stepsAfter(round - 1));
    const state: OptimizerState = { ...training.roundState(previous, theta), step };
    return { round, state, lossSum: 0, lossCount: 0, meter: training.meter.state };
  }

  async #open(): Promise<OpenedTraining> {
    const { store, study, open } = this.init;
    const opened = await open(study, store.meter);
    const found = materialOf(opened.training);
    const [before] = store.records("material");
    if (!before) await store.record(found);
    else if (!sameMaterial(before, found)) {
      await opened.training.close();
      throw new AgentError(
        "MATERIAL_CHANGED",
        `the data folder or the black box is not the one that ${study.name} began with here; give the same --data and --blackbox`,
      );
    }
    this.#training = opened.training;
    return opened;
  }

  get #stepCost(): number {
    const { preset: name, decoder } = this.init.study;
    return queriesPerStep(preset(name, 1), decoder);
  }

  /** Queries that the validations after this round and the final report will take. */
  #reserved(round: number, { plan }: Training): number {
    const validations = this.init.study.rounds - round + 1 + (plan.personalSteps > 0 ? PERSONAL_PARTS : 0);
    return plan.report + plan.validationImages * plan.validationClicks * validations;
  }

  #validated() {
    return this.init.store.records("validated");
  }

  async #prune(newest: number): Promise<void> {
    const choice = this.choice();
    await this.init.store.keepVersions([newest, choice?.best.version ?? 0, choice?.leader.version ?? 0]);
  }
}

/** The names stand in the journal as hashes: enough to notice that pictures came, went, changed their part or are read by other rules. */
function materialOf({ dataset: { train, val, test }, model }: Training): RecordOf<"material"> {
  return {
    kind: "material",
    train: train.length,
    val: val.length,
    test: test.length,
    blackbox: model.description.identity,
    names: { train: namesHash(train), val: namesHash(val), test: namesHash(test) },
  };
}

function namesHash(samples: readonly Sample[]): string {
  const names = samples.map(sampleText).sort();
  return sha256Hex("fedbaps/names/1", JSON.stringify(names));
}

function sameMaterial({ names: before, ...a }: RecordOf<"material">, { names, ...b }: RecordOf<"material">): boolean {
  if (a.train !== b.train || a.val !== b.val || a.test !== b.test || a.blackbox !== b.blackbox) return false;
  return !before || (before.train === names?.train && before.val === names.val && before.test === names.test);
}
