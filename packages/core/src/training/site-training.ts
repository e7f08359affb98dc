import { CachedModel } from "../blackbox/cached.js";
import { MeteredModel, type Purpose, QueryMeter } from "../blackbox/metered.js";
import type { SegmentationModel } from "../blackbox/model.js";
import { openBlackBox } from "../blackbox/open.js";
import type { Dataset, Sample } from "../data/dataset.js";
import { openUsable } from "../data/usable.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import { openDecoder } from "../decoder/open.js";
import { sharedGuide } from "../guide/guide.js";
import type { Mask } from "../image/image.js";
import type { Comparison } from "../image/panel.js";
import { RandomStream } from "../math/rng.js";
import { type OptimizerState, startOptimizer } from "../optimizer/spsa-gc.js";
import { type BudgetPlan, PERSONAL_PARTS, planBudget } from "./budget-plan.js";
import { CaseCache } from "./cases.js";
import { type Answer, type EvaluationResume, evaluate, type ImageScore } from "./evaluate.js";
import { gatherHeadSamples, type HeadSamples } from "./head-samples.js";
import { type Phase, type RoundOptions, stepsDone, type Trained, trainPart } from "./phase.js";
import { type Pictured, PicturedAnswers } from "./pictured-answers.js";
import { preset, queriesPerStep } from "./presets.js";
import { measureReference } from "./reference.js";
import { type SitePhaseInit, sitePhase } from "./site-phase.js";
import type { SiteTrainingSettings } from "./site-training-settings.js";

export type { SiteTrainingSettings };

const DEFAULT_CACHE_BYTES = 1_000_000_000;

/** Everything one site needs to adapt: its data, its black box under a meter, its decoder, and the plan of its budget. */
export class SiteTraining {
  readonly plan: BudgetPlan;
  readonly #validation: readonly Sample[];
  readonly #shared: Phase;
  readonly #personal: Phase;
  readonly #cases: CaseCache;
  #samples: Promise<HeadSamples> | undefined;
  readonly #pictured: PicturedAnswers;

  private constructor(
    private readonly settings: SiteTrainingSettings,
    readonly dataset: Dataset,
    readonly model: SegmentationModel,
    readonly decoder: IpDecoder,
    readonly meter: QueryMeter,
  ) {
    const perStep = queriesPerStep(preset(settings.preset, 1), settings.decoder);
    this.plan = planBudget({
      budget: settings.budget,
      val: dataset.val.length,
      test: dataset.test.length,
      clicks: settings.clicks,
      rounds: settings.rounds,
      queriesPerStep: perStep,
      ...(settings.personalShare === undefined ? {} : { personalShare: settings.personalShare }),
    });
    this.#cases = new CaseCache(decoder, model.description, settings.cacheBytes ?? DEFAULT_CACHE_BYTES);
    const { clicks, seed } = settings;
    this.#pictured = new PicturedAnswers({ test: dataset.test, cases: this.#cases, clicks, seed });
    // A part of the list is taken at random: names often follow dates or devices.
    this.#validation = new RandomStream(settings.seed, "validation")
      .shuffle([...dataset.val])
      .slice(0, this.plan.validationImages);
    this.#shared = this.#phase(settings.site, this.plan.steps, settings.rounds, settings.alone ? "alone" : "rounds");
    this.#personal = this.#phase(`${settings.site}/personal`, this.plan.personalSteps, PERSONAL_PARTS, "tuning");
  }

  /**
   * Reads every picture once, so that bad ones are found before anything is paid for. Up to the tolerance they are left out
   * (`dataset.leftOut`).
   * @throws DatasetError, ImageError, BlackBoxError, DecoderError, BudgetError; nothing has been asked of the black box.
   */
  static async open(settings: SiteTrainingSettings): Promise<SiteTraining> {
    const decoder = await openDecoder(settings.decoder, settings.backend ?? "auto");
    const model = await openBlackBox(settings.blackbox, { clock: settings.clock, ...settings.open });
    const meter = new QueryMeter(settings.budget, settings.clock, settings.meter);
    try {
      const dataset = await openUsable(settings.data, { ...settings.material, seed: settings.seed });
      return new SiteTraining(settings, dataset, model, decoder, meter);
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /** Federated rounds, or checkpoints of a local run. */
  get rounds(): number {
    return this.settings.rounds;
  }

  /** Steps done after `round` (from 1); none after 0. */
  stepsAfter(round: number): number {
    return stepsDone(this.#shared, round);
  }

  get parameterCount(): number {
    return this.decoder.layout.length;
  }

  /** The decoder before any training: the same at every site of a study, and zero-shot in effect. */
  initialTheta(): Float32Array {
    return this.decoder.initial(this.settings.seed);
  }

  startState(): OptimizerState {
    return startOptimizer(this.#shared.preset.optimizer, this.initialTheta());
  }

  /** The state to fine-tune from a decoder that the site chose. */
  personalState(theta: Float32Array): OptimizerState {
    this.decoder.layout.check(theta);
    return startOptimizer(this.#personal.preset.optimizer, theta);
  }

  /** The state to train on from a shared `theta`: the site's own moments and step count, the cohort's parameters. */
  roundState(previous: OptimizerState, theta: Float32Array): OptimizerState {
    this.decoder.layout.check(theta);
    return { ...previous, theta: theta.slice() };
  }

  /**
   * Trains up to the last step of `round` (from 1). A state from the middle of the round goes on where it was, to the
   * same bits.
   */
  trainRound(round: number, state: OptimizerState, options: RoundOptions = {}): Promise<Trained> {
    return trainPart(this.#shared, round, state, options);
  }

  /** Fine-tunes up to the last step of `part` (from 1, PERSONAL_PARTS in all), as `trainRound` does. */
  trainPersonal(part: number, state: OptimizerState, options: RoundOptions = {}): Promise<Trained> {
    return trainPart(this.#personal, part, state, options);
  }

  /** Measures on the fixed validation list; without `theta`, the zero-shot model. */
  validate(theta?: Float32Array, signal?: AbortSignal, resume?: EvaluationResume): Promise<ImageScore[]> {
    return this.#evaluate("validate", this.#validation, this.plan.validationClicks, theta, { signal, resume });
  }

  /** Measures on the test split, HD95 too; without `theta`, the zero-shot model. */
  report(theta?: Float32Array, signal?: AbortSignal, resume?: EvaluationResume): Promise<ImageScore[]> {
    const subject = theta ? "adapted" : "zero-shot";
    // A measurement that goes on keeps what it was told to remember.
    if (!resume || resume.known.length === 0) this.#pictured.clear(subject);
    const onAnswer = (answer: Answer) => this.#pictured.keep(subject, answer);
    return this.#evaluate("report", this.dataset.test, this.settings.clicks, theta, { signal, resume, onAnswer });
  }

  /**
   * Measures a small network trained on this site's labels alone on the test split, with the same clicks: without the
   * black box, without a query, and without the other sites. What an adapted black box has to be better than.
   */
  async reference(signal?: AbortSignal): Promise<ImageScore[]> {
    const { seed, site, clicks } = this.settings;
    const samples = await this.#headSamples(signal);
    const guide = await sharedGuide();
    return measureReference({ guide, samples, cases: this.#cases, clicks, seed, site, signal }, this.dataset.test);
  }

  /**
   * Gives back answers to the first clicks of test images that an earlier process paid for, so that they can be shown.
   * @param find the mask by the image's number, at the size of the image as read; undefined where it is not known
   */
  remember(subject: Pictured, find: (id: number) => Promise<Mask | undefined>): Promise<void> {
    return this.#pictured.remember(subject, find);
  }

  /**
   * The first test images as pictures, from the answers that the reports of this process already paid for.
   * @param theta the decoder that was reported on; none where the site stays zero-shot.
   */
  comparisons(theta?: Float32Array): Promise<Comparison[]> {
    return this.#pictured.comparisons(this.decoder, theta ?? this.initialTheta(), theta !== undefined);
  }

  async close(): Promise<void> {
    this.#cases.clear();
    await this.model.close();
  }

  #phase(site: string, steps: number, parts: number, stage: SitePhaseInit["stage"]): Phase {
    const { decoder, dataset, settings } = this;
    const model = this.#metered("train");
    const samples = (signal?: AbortSignal) => this.#headSamples(signal);
    const common = { decoder, model, cases: this.#cases, train: dataset.train, seed: settings.seed, samples };
    return sitePhase({ ...common, preset: settings.preset, site, steps, parts, stage });
  }

  /** Gathered once: what the head learns from does not depend on the decoder. A failed attempt is not kept. */
  #headSamples(signal?: AbortSignal): Promise<HeadSamples> {
    const { seed, site } = this.settings;
    const load = (sample: Sample) => this.#cases.get(sample);
    this.#samples ??= sharedGuide()
      .then((guide) => gatherHeadSamples({ guide, train: this.dataset.train, load, seed, site, signal }))
      .catch((error: unknown) => {
        this.#samples = undefined;
        throw error;
      });
    return this.#samples;
  }

  #metered(purpose: Purpose): MeteredModel {
    return new MeteredModel(this.model, this.meter, purpose);
  }

  #evaluate(
    purpose: Purpose,
    samples: readonly Sample[],
    clicks: number,
    theta: Float32Array | undefined,
    extras: {
      readonly signal: AbortSignal | undefined;
      readonly resume: EvaluationResume | undefined;
      readonly onAnswer?: (answer: Answer) => void;
    },
  ): Promise<ImageScore[]> {
    const { decoder } = this;
    const { signal, resume, onAnswer } = extras;
    const metered = this.#metered(purpose);
    const { answers } = this.settings;
    // A trained decoder prompts a picture never twice alike; what it is compared with stays the same from run to run.
    const model = answers && !theta ? new CachedModel(metered, answers) : metered;
    const init = { decoder, model, cases: this.#cases, clicks, seed: this.settings.seed };
    const optional = { ...(signal ? { signal } : {}), ...(onAnswer ? { onAnswer, surface: true } : {}) };
    return evaluate({ ...init, ...optional }, samples, theta, resume);
  }
}
