import { FedBapsError } from "../common/errors.js";
import { shifted } from "../math/vector.js";
import type { GainSequence } from "./gain-sequence.js";
import { type PerturbationKind, perturbation } from "./perturbation.js";

/** Two candidates of one direction, theta + c delta and theta - c delta; both are to be judged on the same images and clicks. */
export interface CandidatePair {
  readonly plus: Float32Array;
  readonly minus: Float32Array;
}

/** Judges the pairs of one step: lower is better. The optimiser knows nothing else of the problem. */
export type PairLoss = (
  pairs: readonly CandidatePair[],
  step: number,
) => Promise<readonly { plus: number; minus: number }[]>;

export interface OptimizerState {
  readonly step: number;
  readonly theta: Float32Array;
  /** SPSA-GC: momentum. Adam: first and second moments. */
  readonly moments: readonly Float32Array[];
}

export interface OptimizerSettings {
  /** `gradient-correction`: SPSA-GC as published. `adam`: the same estimates, scaled coordinate by coordinate. */
  readonly update: "gradient-correction" | "adam";
  readonly perturbation: PerturbationKind;
  /** q, directions per step. */
  readonly directions: number;
  readonly gains: GainSequence;
  /** SPSA-GC: momentum beta. Adam: decay of the first moment. */
  readonly beta: number;
  /** Adam: decay of the second moment. */
  readonly beta2?: number;
}

export class OptimizerError extends FedBapsError<"LOSS_NOT_FINITE"> {}

const ADAM_EPSILON = 1e-8;

/** The state before the first step. */
export function startOptimizer(settings: OptimizerSettings, theta: Float32Array): OptimizerState {
  const count = settings.update === "adam" ? 2 : 1;
  return {
    step: 0,
    theta: theta.slice(),
    moments: Array.from({ length: count }, () => new Float32Array(theta.length)),
  };
}

/**
 * One step: q two-sided estimates along seeded directions, averaged, then the update.
 *
 * The estimate of direction delta is s / delta_i for SPSA-GC (Spall 1992; BAPS, equation for g_hat), with
 * s = (L(theta + c delta) - L(theta - c delta)) / (2c); for +-1 directions division and multiplication are the same.
 * SPSA-GC then follows BlackVIP's and BAPS's code: m = beta m + g, theta -= a (g + beta m), which equals the papers'
 * look-ahead form up to a change of variables while `a` is constant.
 *
 * @param name names the directions' stream (with step and index); sites that pass distinct names explore distinct directions.
 * @returns the next state; the given one is left as it is.
 * @throws OptimizerError LOSS_NOT_FINITE; the state is then unchanged.
 */
export async function optimizerStep(
  settings: OptimizerSettings,
  state: OptimizerState,
  loss: PairLoss,
  seed: number,
  name: readonly (string | number)[],
): Promise<{ state: OptimizerState; loss: number }> {
  const { theta, step } = state;
  const c = settings.gains.perturbation(step);
  const deltas = Array.from({ length: settings.directions }, (_, j) =>
    perturbation(settings.perturbation, theta.length, seed, ...name, step, j),
  );
  const losses = await loss(
    deltas.map((delta) => ({ plus: shifted(theta, c, delta), minus: shifted(theta, -c, delta) })),
    step,
  );
  const gradient = new Float64Array(theta.length);
  let total = 0;
  for (const [j, delta] of deltas.entries()) {
    const { plus, minus } = losses[j];
    if (!Number.isFinite(plus) || !Number.isFinite(minus))
      throw new OptimizerError(
        "LOSS_NOT_FINITE",
        `the loss at step ${step} is not a finite number: the black box's answer is unusable`,
      );
    const slope = (plus - minus) / (2 * c) / deltas.length;
    for (let i = 0; i < gradient.length; i++) gradient[i] += slope / delta[i];
    total += (plus + minus) / 2 / deltas.length;
  }
  const next =
    settings.update === "adam" ? adamUpdate(settings, state, gradient) : correctedUpdate(settings, state, gradient);
  return { state: { step: step + 1, ...next }, loss: total };
}

type Updated = Pick<OptimizerState, "theta" | "moments">;

function correctedUpdate(settings: OptimizerSettings, state: OptimizerState, gradient: Float64Array): Updated {
  const a = settings.gains.step(state.step);
  const theta = state.theta.slice();
  const momentum = state.moments[0].slice();
  for (let i = 0; i < theta.length; i++) {
    momentum[i] = settings.beta * momentum[i] + gradient[i];
    theta[i] -= a * (gradient[i] + settings.beta * momentum[i]);
  }
  return { theta, moments: [momentum] };
}

/** Adam (Kingma and Ba 2015, algorithm 1) on the estimate; for zeroth order see ZO-AdaMM (Chen et al., 2019). */
function adamUpdate(settings: OptimizerSettings, state: OptimizerState, gradient: Float64Array): Updated {
  const a = settings.gains.step(state.step);
  const beta2 = settings.beta2 ?? 0.999;
  const correction1 = 1 - settings.beta ** (state.step + 1);
  const correction2 = 1 - beta2 ** (state.step + 1);
  const theta = state.theta.slice();
  const first = state.moments[0].slice();
  const second = state.moments[1].slice();
  for (let i = 0; i < theta.length; i++) {
    first[i] = settings.beta * first[i] + (1 - settings.beta) * gradient[i];
    second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] * gradient[i];
    theta[i] -= (a * (first[i] / correction1)) / (Math.sqrt(second[i] / correction2) + ADAM_EPSILON);
  }
  return { theta, moments: [first, second] };
}
