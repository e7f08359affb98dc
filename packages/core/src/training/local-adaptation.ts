import { type Answer, type ImageScore, meanDice } from "./evaluate.js";
import type { SiteTraining } from "./site-training.js";
import { VersionChoice } from "./version-choice.js";

export interface CurvePoint {
  /** Training versions so far; 0 is zero-shot. */
  readonly version: number;
  /** Queries spent when it was measured, all purposes. */
  readonly queries: number;
  readonly valDice: number;
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
  /** On the validation list: what decided. */
  readonly validation: { readonly zeroShot: readonly ImageScore[]; readonly best: readonly ImageScore[] };
}

/**
 * BAPS at one site, without a federation: trains in the settings' number of rounds, validates after each, keeps the best
 * version and measures it on the test split against zero-shot, all inside the budget.
 */
export async function adaptLocally(
  training: SiteTraining,
  options: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: LocalProgress) => void;
    /** Awaited whenever a version becomes the best: the place to store it. */
    readonly onBetter?: (theta: Float32Array, version: number) => Promise<void>;
    /** Awaited with the answers to the first click of test images, as they come. */
    readonly onAnswers?: (subject: "zero-shot" | "adapted", answers: readonly Answer[]) => Promise<void>;
  } = {},
): Promise<AdaptationResult> {
  const { signal } = options;
  const { rounds } = training;
  const zeroShotVal = await training.validate(undefined, signal);
  const choice = new VersionChoice(zeroShotVal);
  const curve: CurvePoint[] = [];
  const record = (version: number, scores: readonly ImageScore[]) =>
    curve.push({ version, queries: training.meter.spent, valDice: meanDice(scores) });
  record(0, zeroShotVal);
  let state = training.startState();
  let best = state.theta;
  for (let round = 1; round <= rounds; round++) {
    const onStep = ({ stepsDone, stepsPlanned, loss }: { stepsDone: number; stepsPlanned: number; loss: number }) =>
      options.onProgress?.({ round, rounds, stepsDone, stepsPlanned, loss, valDice: meanDice(choice.best.scores) });
    ({ state } = await training.trainRound(round, state, { signal, onStep }));
    const scores = await training.validate(state.theta, signal);
    if (choice.offer(round, scores)) {
      best = state.theta;
      await options.onBetter?.(best, round);
    }
    record(round, scores);
  }
  const report = (subject: "zero-shot" | "adapted", theta?: Float32Array) =>
    training.report(theta, signal, {
      known: [],
      onScores: () => {},
      onAnswers: (answers) => options.onAnswers?.(subject, answers),
    });
  const zeroShot = await report("zero-shot");
  const adapted = choice.deployed ? await report("adapted", best) : zeroShot;
  return {
    zeroShot,
    adapted,
    zeroShotDice: meanDice(zeroShot),
    adaptedDice: meanDice(adapted),
    deployed: choice.deployed,
    version: choice.best.version,
    theta: best,
    curve,
    validation: { zeroShot: choice.zeroShot, best: choice.best.scores },
  };
}
