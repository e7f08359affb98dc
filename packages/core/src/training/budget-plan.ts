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
  /** Steps of the whole run. */
  readonly steps: number;
}

export class BudgetError extends FedBapsError<"BUDGET_TOO_SMALL"> {}

/**
 * Divides a site's budget before anything is spent: first the final report, then validation (zero-shot and after every
 * round), the rest trains. Everything that a site asks of the black box is inside its budget.
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
}): BudgetPlan {
  const report = 2 * init.test * init.clicks;
  const evaluations = init.rounds + 1;
  const each = Math.floor((VALIDATION_SHARE * init.budget) / evaluations);
  const least = Math.min(LEAST_VALIDATION_IMAGES, init.val);
  const validationImages = Math.min(init.val, Math.max(least, each));
  const validationClicks = Math.min(MAX_VALIDATION_CLICKS, Math.max(1, Math.floor(each / init.val)));
  const validation = validationImages * validationClicks * evaluations;
  const steps = Math.floor((init.budget - report - validation) / init.queriesPerStep);
  if (steps < init.rounds) {
    const needed = report + least * evaluations + init.rounds * init.queriesPerStep;
    const enough = Math.max(needed, init.budget + (init.rounds - steps) * init.queriesPerStep);
    throw new BudgetError(
      "BUDGET_TOO_SMALL",
      `a budget of ${init.budget} queries is too small: the report on ${init.test} test images takes ${report}, validation ` +
        `${validation}, and every one of ${init.rounds} rounds at least ${init.queriesPerStep}; give about ${enough}`,
      { budget: init.budget, enough },
    );
  }
  return { report, validationImages, validationClicks, steps };
}

/** Steps after `round` rounds (0 to `rounds`) of a run of `steps`, spread evenly. */
export function stepsAfter(plan: Pick<BudgetPlan, "steps">, round: number, rounds: number): number {
  return Math.floor((plan.steps * round) / rounds);
}
