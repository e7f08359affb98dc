import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import type { EvaluationResume, ImageScore } from "@fedbaps/core/training/evaluate.js";
import type { RoundOptions } from "@fedbaps/core/training/phase.js";
import type { Measurement, StepCheckpoint, StudyStore } from "./study-store.js";
import type { Training } from "./training.js";

export interface StepReport {
  readonly stepsDone: number;
  readonly stepsPlanned: number;
  readonly loss: number;
}

/** One stretch of training: a round, or a part of the site's own fine-tuning. */
export interface Stretch {
  readonly training: Training;
  readonly store: StudyStore;
  /** Where it stands, with what names it. */
  readonly from: StepCheckpoint;
  /** The step count at its end. */
  readonly end: number;
  /** Queries of one step, and those that are kept for measuring. */
  readonly stepCost: number;
  readonly reserved: number;
  run(state: OptimizerState, options: RoundOptions): Promise<unknown>;
  /** Called after every stored step: what it throws ends the work. */
  onStep(step: StepReport): void;
  readonly signal: AbortSignal;
}

/** Thrown out of the steps when the rest of the budget is needed for measuring. */
const enough = new Error("the budget is spent but for measuring");

/** Trains to the end of a stretch; every finished step is stored before the next begins. */
export async function trainStretch(stretch: Stretch): Promise<StepCheckpoint> {
  const { training, store, from, end, stepCost, reserved, signal } = stretch;
  let last = from;
  const afford = () => training.meter.remaining >= reserved + stepCost;
  const onStep: RoundOptions["onStep"] = async ({ state, stepsDone, stepsPlanned, loss }) => {
    const { round, lossSum, lossCount } = last;
    last = { round, state, lossSum: lossSum + loss, lossCount: lossCount + 1, meter: training.meter.state };
    await store.saveStep(last);
    stretch.onStep({ stepsDone: Math.max(0, stepsDone), stepsPlanned, loss });
    if (state.step < end && !afford()) throw enough;
  };
  // Planned steps always fit; only steps that were cut off and paid twice can make the budget run short.
  if (last.state.step < end && afford())
    await paid(store, training, () => stretch.run(last.state, { signal, onStep })).catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  return { ...last, meter: training.meter.state };
}

/**
 * Measures block by block: what was answered is stored before the next question, and is not asked again after a stop, a
 * failure or a restart. The caller writes down the result, then drops the part.
 */
export async function measureInBlocks(
  store: StudyStore,
  training: Training,
  measurement: Measurement,
  ask: (resume: EvaluationResume) => Promise<ImageScore[]>,
): Promise<ImageScore[]> {
  const known = await store.partial(measurement);
  const onScores = (scores: readonly ImageScore[]) => store.savePartial(measurement, scores, training.meter.state);
  return paid(store, training, () => ask({ known, onScores }));
}

/** Runs paid work; what was spent is written down also when the work was cut off. */
export async function paid<T>(store: StudyStore, training: Training, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A disk that takes no record must not hide why the work ended.
    await store.record({ kind: "spent", meter: training.meter.state }).catch(() => {});
    throw error;
  }
}
