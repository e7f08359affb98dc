import type { OptimizerState } from "../optimizer/spsa-gc.js";
import type { Preset } from "./presets.js";
import type { Trainer } from "./trainer.js";

export interface StepProgress {
  readonly state: OptimizerState;
  /** Steps of this round. */
  readonly stepsDone: number;
  readonly stepsPlanned: number;
  /** Mean training loss of this step. */
  readonly loss: number;
}

export interface RoundOptions {
  readonly signal?: AbortSignal | undefined;
  /** Awaited after every step: the place to store the state. */
  readonly onStep?: (progress: StepProgress) => void | Promise<void>;
}

export interface Trained {
  readonly state: OptimizerState;
  /** Mean training loss of the steps that were done now; NaN when there was none left to do. */
  readonly loss: number;
}

/** One stretch of training with its own decay: towards the shared decoder, or the site's fine-tuning. */
export interface Phase {
  readonly preset: Preset;
  /** Steps done after each part. */
  readonly ends: readonly number[];
  readonly trainer: Trainer;
}

/** Steps done after `part`; none after 0. */
export function stepsDone({ ends }: Phase, part: number): number {
  return part === 0 ? 0 : ends[part - 1];
}

/** Trains up to the last step of `part` (from 1). A state from its middle goes on where it was, to the same bits. */
export async function trainPart(
  phase: Phase,
  part: number,
  state: OptimizerState,
  options: RoundOptions,
): Promise<Trained> {
  const first = stepsDone(phase, part - 1);
  const last = stepsDone(phase, part);
  let current = state;
  let total = 0;
  let counted = 0;
  while (current.step < last) {
    options.signal?.throwIfAborted();
    const { state: next, loss } = await phase.trainer.step(current, options.signal);
    current = next;
    total += loss;
    counted++;
    await options.onStep?.({ state: current, stepsDone: current.step - first, stepsPlanned: last - first, loss });
  }
  return { state: current, loss: counted === 0 ? Number.NaN : total / counted };
}
