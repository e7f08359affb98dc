import { PERSONAL_PARTS, stepsAfter } from "@fedbaps/core/training/budget-plan.js";
import { tuningStart } from "@fedbaps/core/training/tuning-start.js";
import type { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { type StepReport, trainStretch } from "./paid-steps.js";
import type { StepCheckpoint, StudyStore } from "./study-store.js";
import type { Training } from "./training.js";

/** The site's versions of the decoder, shared and its own. */
export interface Versions {
  /** The choice among versions up to `limit`, once zero-shot has been validated. */
  choice(limit?: number): VersionChoice | undefined;
  theta(version: number, signal: AbortSignal): Promise<Float32Array>;
  /** Measures a version on the validation list, once. */
  validate(version: number, signal: AbortSignal): Promise<unknown>;
}

export interface FineTuningInit {
  readonly study: Pick<StudySpec, "rounds" | "decoder">;
  readonly store: StudyStore;
  readonly work: Versions;
  readonly training: Training;
  readonly stepCost: number;
}

/**
 * The site's own fine-tuning after the last round, from the shared version that it found best. Its parts are versions
 * `rounds + 1`, `rounds + 2`, ...: they stay at the site, and are used only where they are better still.
 */
export async function fineTune(
  { study, store, work, training, stepCost }: FineTuningInit,
  signal: AbortSignal,
  onStep: (step: StepReport) => void,
): Promise<void> {
  const { plan } = training;
  const { rounds } = study;
  if (plan.personalSteps === 0) return;
  const done = await store.tuned();
  let last: StepCheckpoint | undefined = done;
  for (let part = 1; part <= PERSONAL_PARTS; part++) {
    const version = rounds + part;
    if (!done || done.round < version) {
      const measurements = PERSONAL_PARTS - part + 1;
      last = await trainStretch({
        training,
        store,
        from: (await store.step(version)) ?? (await begin(version, last)),
        end: stepsAfter(plan.personalSteps, part, PERSONAL_PARTS),
        stepCost,
        reserved: plan.report + plan.validationImages * plan.validationClicks * measurements,
        run: (state, options) => training.trainPersonal(part, state, options),
        onStep,
        signal,
      });
      await store.saveVersion(version, last.state.theta);
      await store.saveTuned(last);
    }
    await work.validate(version, signal);
  }

  async function begin(version: number, before: StepCheckpoint | undefined): Promise<StepCheckpoint> {
    const fresh = { round: version, lossSum: 0, lossCount: 0, meter: training.meter.state };
    if (before) return { ...before, ...fresh };
    // The highest mean, shown to be better or not: what begins here is judged by itself.
    const leader = work.choice(rounds)?.leader.version ?? 0;
    const start = tuningStart(study, leader);
    return { ...fresh, state: training.personalState(await work.theta(start, signal)) };
  }
}
