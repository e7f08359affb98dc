import type { OptimizerState } from "../optimizer/spsa-gc.js";
import { hasSettled, type Measured } from "./early-stop.js";
import { type Answer, type EvaluationResume, type ImageScore, meanDice } from "./evaluate.js";
import type { SiteTraining } from "./site-training.js";
import { VersionChoice } from "./version-choice.js";

export interface CurvePoint extends Measured {
  /** Training versions so far; 0 is zero-shot. */
  readonly version: number;
}

export interface LocalProgress {
  readonly round: number;
  readonly rounds: number;
  readonly stepsDone: number;
  readonly stepsPlanned: number;
  readonly loss: number;
  readonly valDice: number;
}

export interface AdaptationResult {
  readonly zeroShot: readonly ImageScore[];
  /** Of what the site would use: equal to `zeroShot` when no decoder is deployed. */
  readonly adapted: readonly ImageScore[];
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  readonly deployed: boolean;
  readonly version: number;
  /** The parameters of the chosen version; those of the start when none is deployed. */
  readonly theta: Float32Array;
  readonly curve: readonly CurvePoint[];
  /** Whether queries were left because nothing was gained any more. */
  readonly settled: boolean;
  /** On the validation list: what decided. */
  readonly validation: { readonly zeroShot: readonly ImageScore[]; readonly best: readonly ImageScore[] };
}

/** One version on the validation list. */
export interface Validated {
  readonly version: number;
  /** Queries spent when it was measured, all purposes. */
  readonly queries: number;
  readonly scores: readonly ImageScore[];
}

/** Where a run stands: a run that was cut off goes on from here to the same bits. */
export interface AdaptationState {
  /** Zero-shot first, then every part that was trained to its end. */
  readonly validated: readonly Validated[];
  /** Of the part in hand. */
  readonly optimizer: OptimizerState;
  /** Parameters of what would be used so far; those of the start while it is zero-shot. */
  readonly best: Float32Array;
  /** What the measurement in hand has got to, of whole blocks. */
  readonly measuring: readonly ImageScore[];
  /** The test split without a decoder, once it is measured to its end. */
  readonly zeroShot?: readonly ImageScore[];
}

export interface AdaptationOptions {
  /** Ends when nothing is gained any more (`hasSettled`) and leaves the rest of the budget. */
  readonly stopsEarly?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LocalProgress) => void;
  /** Awaited whenever a version becomes the one to use: the place to store it. */
  readonly onBetter?: (theta: Float32Array, version: number) => Promise<void>;
  /** Awaited with the answers to the first click of test images, as they come. */
  readonly onAnswers?: (subject: "zero-shot" | "adapted", answers: readonly Answer[]) => Promise<void>;
  /** Where an earlier process had got to; its meter is given to the training. */
  readonly from?: AdaptationState;
  /** Awaited after every step and every block of a measurement: the place to store it. What it throws ends the run. */
  readonly onState?: (state: AdaptationState) => Promise<void>;
}

/**
 * BAPS at one site, without a federation: trains in at most the settings' number of rounds, validates after each, keeps the
 * best of the versions that were shown to be better than zero-shot (`VersionChoice`), and measures it on the test split
 * against zero-shot, all inside the budget.
 */
export async function adaptLocally(training: SiteTraining, options: AdaptationOptions = {}): Promise<AdaptationResult> {
  const { signal } = options;
  const { rounds } = training;
  let state = options.from ?? startOf(training);
  const reached = async (change: Partial<AdaptationState>) => {
    state = { ...state, ...change };
    await options.onState?.(state);
  };
  const measured = (more: Partial<EvaluationResume> = {}): EvaluationResume => ({
    known: state.measuring,
    onScores: (measuring) => reached({ measuring: [...measuring] }),
    ...more,
  });
  const validated = async (version: number, scores: readonly ImageScore[], best = state.best) => {
    const entry = { version, queries: training.meter.spent, scores };
    await reached({ validated: [...state.validated, entry], best, measuring: [] });
  };

  if (state.validated.length === 0) await validated(0, await training.validate(undefined, signal, measured()));
  const choice = new VersionChoice(state.validated[0].scores);
  for (const { version, scores } of state.validated.slice(1)) choice.offer(version, scores);
  const settled = () => options.stopsEarly === true && hasSettled(curveOf(state));
  for (let round = state.validated.length; round <= rounds && !settled(); round++) {
    const { state: optimizer } = await training.trainRound(round, state.optimizer, {
      signal,
      onStep: async ({ state: optimizer, stepsDone, stepsPlanned, loss }) => {
        await reached({ optimizer });
        options.onProgress?.({ round, rounds, stepsDone, stepsPlanned, loss, valDice: meanDice(choice.best.scores) });
      },
    });
    state = { ...state, optimizer };
    const scores = await training.validate(optimizer.theta, signal, measured());
    const better = choice.offer(round, scores);
    if (better) await options.onBetter?.(optimizer.theta, round);
    await validated(round, scores, better ? optimizer.theta : state.best);
  }
  const report = (subject: "zero-shot" | "adapted", theta?: Float32Array) =>
    training.report(theta, signal, measured({ onAnswers: (answers) => options.onAnswers?.(subject, answers) }));
  if (!state.zeroShot) {
    const zeroShot = await report("zero-shot");
    await reached({ zeroShot, measuring: [] });
  }
  const zeroShot = state.zeroShot ?? [];
  const adapted = choice.deployed ? await report("adapted", state.best) : zeroShot;
  return {
    zeroShot,
    adapted,
    zeroShotDice: meanDice(zeroShot),
    adaptedDice: meanDice(adapted),
    deployed: choice.deployed,
    version: choice.best.version,
    theta: state.best,
    curve: curveOf(state),
    settled: state.validated.length <= rounds,
    validation: { zeroShot: choice.zeroShot, best: choice.best.scores },
  };
}

function curveOf({ validated }: AdaptationState): CurvePoint[] {
  return validated.map(({ version, queries, scores }) => ({ version, queries, valDice: meanDice(scores) }));
}

function startOf(training: SiteTraining): AdaptationState {
  const optimizer = training.startState();
  return { validated: [], optimizer, best: optimizer.theta, measuring: [] };
}
