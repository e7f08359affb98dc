import { FedBapsError } from "../common/errors.js";

/** At most this share of the budget goes to comparing candidates on the validation list. */
const VALIDATION_SHARE = 0.1;
const MAX_VALIDATION_CLICKS = 3;
/** Fewer pictures than this say nothing; a smaller budget is refused instead. */
const LEAST_VALIDATION_IMAGES = 3;

export interface BudgetPlan {
  /** Queries kept for measuring zero-shot and adapted on the test split at the end. */
  readonly report: number;
  /** The fixed validation list: its first so many images, so many clicks on each. */
  readonly validationImages: number;
  readonly validationClicks: number;
  /** Steps towards the shared decoder, over all rounds. */
  readonly steps: number;
  /** Steps of the site's own fine-tuning after the last round. */
  readonly personalSteps: number;
}

/** Parts of the fine-tuning; the decoder is compared on the validation list after each. */
export const PERSONAL_PARTS = 2;

export class BudgetError extends FedBapsError<"BUDGET_TOO_SMALL"> {}

/**
 * Divides a site's budget before anything is spent: first the final report, then validation (zero-shot, after every
 * round and every part of the fine-tuning), the rest trains. Everything that a site asks of the black box is inside its budget.
 * @throws BudgetError BUDGET_TOO_SMALL, naming the least budget that would do.
 */
export function planBudget(init: {
  readonly budget: number;
  readonly val: number;
  readonly test: number;
  /** Clicks per test image. */
  readonly clicks: number;
  readonly rounds: number;
  readonly queriesPerStep: number;
  /** Share of the training steps that the site keeps for fine-tuning by itself, in [0, 1). */
  readonly personalShare?: number;
}): BudgetPlan {
  const { personalShare = 0 } = init;
  const report = 2 * init.test * init.clicks;
  const parts = init.rounds + (personalShare > 0 ? PERSONAL_PARTS : 0);
  const evaluations = parts + 1;
  const each = Math.floor((VALIDATION_SHARE * init.budget) / evaluations);
  const least = Math.min(LEAST_VALIDATION_IMAGES, init.val);
  const validationImages = Math.min(init.val, Math.max(least, each));
  const validationClicks = Math.min(MAX_VALIDATION_CLICKS, Math.max(1, Math.floor(each / init.val)));
  const validation = validationImages * validationClicks * evaluations;
  const all = Math.max(0, Math.floor((init.budget - report - validation) / init.queriesPerStep));
  const personalSteps = Math.floor(all * personalShare);
  const steps = all - personalSteps;
  if (steps < init.rounds || (personalShare > 0 && personalSteps < PERSONAL_PARTS)) {
    const trained =
      Math.ceil(Math.max(init.rounds / (1 - personalShare), personalShare > 0 ? PERSONAL_PARTS / personalShare : 0)) +
      1;
    // Validation may take a tenth of the larger budget too.
    const enough = Math.ceil((report + least * evaluations + trained * init.queriesPerStep) / (1 - VALIDATION_SHARE));
    throw new BudgetError(
      "BUDGET_TOO_SMALL",
      `a budget of ${init.budget} queries is too small: the report on ${init.test} test images takes ${report}, validation ` +
        `${validation}, and every one of ${parts} parts of the training at least ${init.queriesPerStep}; give about ${enough}`,
      { budget: init.budget, enough },
    );
  }
  return { report, validationImages, validationClicks, steps, personalSteps };
}

/** Steps done after `part` of `parts` of a run of `steps`, spread evenly. */
export function stepsAfter(steps: number, part: number, parts: number): number {
  return Math.floor((steps * part) / parts);
}
