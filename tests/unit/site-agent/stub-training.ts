import { QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { PERSONAL_PARTS, stepsAfter } from "@fedbaps/core/training/budget-plan.js";
import type { EvaluationResume, ImageScore } from "@fedbaps/core/training/evaluate.js";
import type { RoundOptions, Trained } from "@fedbaps/core/training/phase.js";
import type { OpenTraining, Training } from "@fedbaps/site-agent/training.js";

export const STEP_QUERIES = 16;
const VAL = 4;
const TEST = 5;

export interface StubOptions {
  /** Pulls the first parameter towards this value: sites differ in it. */
  readonly target?: number;
  /** Awaited before each step, with the number of steps that this process has bought: the place to hang, fail or stop. */
  readonly beforeStep?: (step: number) => void | Promise<void>;
  readonly train?: number;
  /** The file names of the pictures, by their numbers. */
  readonly stem?: (id: number) => string;
  /** Called before each image of a measurement, with the number of images that this process has paid for. */
  readonly beforeImage?: (images: number) => void | Promise<void>;
  /** What validation sees in the first parameter; the default likes it near the target. */
  readonly dice?: (first: number) => number;
  /** Dice of the small network alone, or what measuring it does; the default is worse than zero-shot. */
  readonly reference?: number | ((signal?: AbortSignal) => Promise<ImageScore[]>);
}

/** Counts what was bought in one process. */
export interface Bought {
  steps: number;
  validations: number;
  reports: number;
}

type Measure = (theta?: Float32Array, signal?: AbortSignal, resume?: EvaluationResume) => Promise<ImageScore[]>;

type TrainPart = (
  steps: number,
  part: number,
  parts: number,
  start: OptimizerState,
  options?: RoundOptions,
) => Promise<Trained>;

/** Training without images: a step moves every parameter by a rule of step and momentum, so that any slip shows. */
export function stubTraining(options: StubOptions = {}): { open: OpenTraining; bought: Bought } {
  const bought: Bought = { steps: 0, validations: 0, reports: 0 };
  let images = 0;
  const open: OpenTraining = async (study, state) => {
    const length = parameterCount(study.decoder);
    const meter = new QueryMeter(study.budget, systemClock, state);
    const personalSteps = study.personalShare > 0 ? 6 : 0;
    const plan = {
      report: 2 * TEST,
      validationImages: VAL,
      validationClicks: 1,
      steps: 4 * study.rounds,
      personalSteps,
    };
    const target = options.target ?? 1;
    const dice = options.dice ?? ((first: number) => 1 / (1 + Math.abs(target - first)));
    const scores = (count: number, theta?: Float32Array): ImageScore[] =>
      Array.from({ length: count }, (_, i) => {
        const value = dice(theta?.[0] ?? 0);
        return { id: i + 1, dice: value, iou: value / (2 - value) };
      });
    const { reference = 0.4 } = options;
    const samples = (count: number): Sample[] =>
      Array.from({ length: count }, (_, i) => ({
        id: i,
        stem: options.stem?.(i) ?? "secret",
        image: { kind: "picture", path: "secret.png" },
        mask: { kind: "picture", path: "secret.png" },
      }));
    const train: TrainPart = async (steps, part, parts, start, { signal, onStep } = {}) => {
      const first = stepsAfter(steps, part - 1, parts);
      const last = stepsAfter(steps, part, parts);
      let state: OptimizerState = start;
      while (state.step < last) {
        signal?.throwIfAborted();
        await options.beforeStep?.(bought.steps);
        signal?.throwIfAborted();
        const { step } = state;
        const moment = state.moments[0].map((value, i) => 0.5 * value + Math.fround(Math.sin(step + i)) * 0.01);
        const theta = state.theta.map((value, i) => value + moment[i] + (i === 0 ? 0.1 * (target - value) : 0));
        state = { step: step + 1, theta, moments: [moment] };
        await meter.count("train", STEP_QUERIES, async () => {});
        bought.steps++;
        await onStep?.({ state, stepsDone: state.step - first, stepsPlanned: last - first, loss: 1 / (step + 3) });
      }
      return { state, loss: Number.NaN };
    };
    const measure =
      (purpose: "validate" | "report", count: number): Measure =>
      async (theta, signal, resume) => {
        const done: ImageScore[] = [];
        for (const score of scores(count, theta)) {
          const known = resume?.known.find(({ id }) => id === score.id);
          if (!known) {
            await options.beforeImage?.(images);
            signal?.throwIfAborted();
            await meter.count(purpose, 1, async () => {});
            images++;
          }
          done.push(known ?? score);
          if (!known) await resume?.onScores([...done]);
        }
        return done;
      };
    const training: Training = {
      plan,
      meter,
      dataset: { train: samples(options.train ?? 10), val: samples(VAL), test: samples(TEST) },
      model: {
        description: { name: "stub", identity: "stub-1", nativeSize: { width: 64, height: 64 }, geometry: "stretch" },
      } as SegmentationModel,
      parameterCount: length,
      stepsAfter: (round) => stepsAfter(plan.steps, round, study.rounds),
      initialTheta: () => new Float32Array(length),
      startState: () => ({ step: 0, theta: new Float32Array(length), moments: [new Float32Array(length)] }),
      roundState: (previous, theta) => ({ ...previous, theta: theta.slice() }),
      validate: (...given) => {
        bought.validations++;
        return measure("validate", VAL)(...given);
      },
      report: (...given) => {
        bought.reports++;
        return measure("report", TEST)(...given);
      },
      reference: async (signal) => {
        if (typeof reference === "function") return reference(signal);
        return scores(TEST).map(({ id }) => ({ id, dice: reference, iou: reference / (2 - reference) }));
      },
      personalState: (theta) => ({ step: 0, theta: theta.slice(), moments: [new Float32Array(length)] }),
      trainRound: (round, start, options) => train(plan.steps, round, study.rounds, start, options),
      trainPersonal: (part, start, options) => train(plan.personalSteps, part, PERSONAL_PARTS, start, options),
      close: async () => {},
    };
    return { training };
  };
  return { open, bought };
}
