import type { MeterState } from "@fedbaps/core/blackbox/metered.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";

/** What the agent asks of `SiteTraining`. */
export type Training = Pick<
  SiteTraining,
  | "plan"
  | "meter"
  | "dataset"
  | "model"
  | "parameterCount"
  | "stepsAfter"
  | "initialTheta"
  | "startState"
  | "roundState"
  | "validate"
  | "trainRound"
  | "personalState"
  | "trainPersonal"
  | "report"
  | "reference"
  | "close"
>;

/** A study's training, opened, and what its owner wants done after the report. */
export interface OpenedTraining {
  readonly training: Training;
  /** @param theta the decoder in use; undefined while the site stays zero-shot. @param out an existing folder. */
  readonly afterReport?: (context: { theta?: Float32Array; out: string }) => Promise<unknown>;
}

/** Opens a study's training. @param meter what was spent before. */
export type OpenTraining = (study: StudySpec, meter: MeterState) => Promise<OpenedTraining>;
