import type { OptimizerState } from "../optimizer/spsa-gc.js";

/**
 * A site's training, step by step: a step is a pure function of (settings, data, state), so a run that was cut off goes
 * on from its last stored state to the same bits.
 */
export interface Trainer {
  /** @returns the next state and the mean loss over the step's candidates. */
  step(state: OptimizerState, signal?: AbortSignal): Promise<{ state: OptimizerState; loss: number }>;
}
