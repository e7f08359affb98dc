import {
  BudgetError,
  type BudgetPlan,
  PERSONAL_PARTS,
  planBudget,
  stepsAfter,
} from "@fedbaps/core/training/budget-plan.js";
import { preset, queriesPerStep } from "@fedbaps/core/training/presets.js";
import { OFFSPRING } from "@fedbaps/core/training/texture-search.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

type Init = Parameters<typeof planBudget>[0];

const inits: fc.Arbitrary<Init> = fc.record({
  budget: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 1_000_000 })),
  val: fc.integer({ min: 1, max: 200 }),
  test: fc.integer({ min: 1, max: 100 }),
  clicks: fc.integer({ min: 1, max: 20 }),
  rounds: fc.integer({ min: 1, max: 50 }),
  queriesPerStep: fc.constantFrom(2, 16, 40),
  personalShare: fc.constantFrom(0, 0.01, 0.3, 0.5, 0.9),
});

const evaluationsOf = ({ rounds, personalShare = 0 }: Init) => 1 + rounds + (personalShare > 0 ? PERSONAL_PARTS : 0);
const validationOf = (init: Init, plan: BudgetPlan) =>
  plan.validationImages * plan.validationClicks * evaluationsOf(init);

/** The plan, or the error that refuses it. */
function tried(init: Init): BudgetPlan | BudgetError {
  try {
    return planBudget(init);
  } catch (error) {
    if (error instanceof BudgetError) return error;
    throw error;
  }
}

describe("a budget's plan", () => {
  it("never spends more than the budget, and leaves less than one step of it", () => {
    fc.assert(
      fc.property(inits, (init) => {
        const plan = tried(init);
        fc.pre(!(plan instanceof BudgetError));
        expect(plan.report).toBe(2 * init.test * init.clicks);
        const training = (plan.steps + plan.personalSteps) * init.queriesPerStep;
        const left = init.budget - plan.report - validationOf(init, plan) - training;
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left).toBeLessThan(init.queriesPerStep);
      }),
      { numRuns: 500 },
    );
  });

  it("gives validation at most a tenth, or else the shortest list that says anything", () => {
    fc.assert(
      fc.property(inits, (init) => {
        const plan = tried(init);
        fc.pre(!(plan instanceof BudgetError));
        const shortest = Math.min(3, init.val) * evaluationsOf(init);
        expect(validationOf(init, plan)).toBeLessThanOrEqual(Math.max(shortest, 0.1 * init.budget));
        expect(plan.validationImages).toBeGreaterThanOrEqual(Math.min(3, init.val));
        expect(plan.validationImages).toBeLessThanOrEqual(init.val);
        expect(plan.validationClicks).toBeGreaterThanOrEqual(1);
        // Another click on the same images says less than another image.
        if (plan.validationClicks > 1) expect(plan.validationImages).toBe(init.val);
      }),
      { numRuns: 500 },
    );
  });

  it("has a step for every round and every part of the fine-tuning, in the shares asked for", () => {
    fc.assert(
      fc.property(inits, (init) => {
        const plan = tried(init);
        fc.pre(!(plan instanceof BudgetError));
        const { personalShare = 0 } = init;
        expect(plan.steps).toBeGreaterThanOrEqual(init.rounds);
        expect(plan.personalSteps).toBe(Math.floor((plan.steps + plan.personalSteps) * personalShare));
        if (personalShare > 0) expect(plan.personalSteps).toBeGreaterThanOrEqual(PERSONAL_PARTS);
        const ends = Array.from({ length: init.rounds }, (_, i) => stepsAfter(plan.steps, i + 1, init.rounds));
        expect(ends.every((end, i) => end > (i === 0 ? 0 : ends[i - 1]))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("of too small a budget is refused with a larger one that is enough, and not absurdly so", () => {
    let refused = 0;
    fc.assert(
      fc.property(inits, (init) => {
        const error = tried(init);
        fc.pre(error instanceof BudgetError);
        refused++;
        expect(error.code).toBe("BUDGET_TOO_SMALL");
        const enough = error.fields.enough as number;
        expect(enough).toBeGreaterThan(init.budget);
        expect(error.message).toContain(`${enough}`);
        expect(tried({ ...init, budget: enough })).not.toBeInstanceOf(BudgetError);
        // Two thirds of it less two steps would not do. (Where the site keeps nearly all steps, it is more generous.)
        const less = Math.floor((2 * enough) / 3) - 2 * init.queriesPerStep;
        if (less > 0 && (init.personalShare ?? 0) <= 0.5)
          expect(tried({ ...init, budget: less })).toBeInstanceOf(BudgetError);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it("of a small site is what pencil and paper give", () => {
    const site = { val: 3, test: 3, clicks: 3, rounds: 2, queriesPerStep: 16, personalShare: 0.5 };
    // Report 18, five validations of three images 15, ten steps 160.
    expect(planBudget({ ...site, budget: 200 })).toEqual({
      report: 18,
      validationImages: 3,
      validationClicks: 1,
      steps: 5,
      personalSteps: 5,
    });
    expect(planBudget({ ...site, budget: 10_000, personalShare: 0 })).toMatchObject({
      validationClicks: 3,
      personalSteps: 0,
    });
  });
});

describe("steps over the parts of a run", () => {
  it("are spread evenly and end with the last step", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 200 }), (steps, parts) => {
        expect([stepsAfter(steps, 0, parts), stepsAfter(steps, parts, parts)]).toEqual([0, steps]);
        for (let part = 1; part <= parts; part++) {
          const own = stepsAfter(steps, part, parts) - stepsAfter(steps, part - 1, parts);
          expect(Math.abs(own - steps / parts)).toBeLessThan(1);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("the presets", () => {
  it("cost two queries per direction and image", () => {
    expect(queriesPerStep(preset("adam", 100), "filter-bank")).toBe(16);
    expect(queriesPerStep(preset("paper", 100), "baps")).toBe(40);
  });

  it("of the texture decoder cost a query for each of its candidates", () => {
    expect(queriesPerStep(preset("adam", 100), "texture")).toBe(OFFSPRING);
  });

  it("keep the paper's settings as they were published", () => {
    const { optimizer, imagesPerPair, sharedImages } = preset("paper", 100);
    expect([optimizer.update, optimizer.perturbation, optimizer.directions, optimizer.beta]).toEqual([
      "gradient-correction",
      "segmented-uniform",
      5,
      0.4,
    ]);
    expect([imagesPerPair, sharedImages]).toEqual([4, true]);
    expect([optimizer.gains.step(0), optimizer.gains.perturbation(0)]).toEqual([1, 0.01]);
  });

  it("let the default's step decay over the steps that were planned", () => {
    const { gains } = preset("adam", 40).optimizer;
    expect(gains.step(40) / gains.step(0)).toBeCloseTo(0.1, 6);
  });
});
