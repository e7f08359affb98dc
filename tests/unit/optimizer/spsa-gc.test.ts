import {
  type CandidatePair,
  type OptimizerSettings,
  type OptimizerState,
  optimizerStep,
  type PairLoss,
  startOptimizer,
} from "@fedbaps/core/optimizer/spsa-gc.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";

const TARGET = [3, -1, 0.5, 2, 0, -2, 1, -0.5];
const CURVATURE = [1, 2, 0.5, 1, 3, 1, 0.5, 2];
const START = new Float32Array(TARGET.length);

/** sum of curvature_i (theta_i - target_i)^2 / 2 */
function quadratic(theta: ArrayLike<number>): number {
  return TARGET.reduce((sum, target, i) => sum + (CURVATURE[i] * (theta[i] - target) ** 2) / 2, 0);
}

const judge: PairLoss = async (pairs) =>
  pairs.map(({ plus, minus }) => ({ plus: quadratic(plus), minus: quadratic(minus) }));

const constantGains = (a: number, c: number) => ({ step: () => a, perturbation: () => c });

const corrected: OptimizerSettings = {
  update: "gradient-correction",
  perturbation: "segmented-uniform",
  directions: 4,
  gains: constantGains(0.02, 0.01),
  beta: 0.4,
};
const adam: OptimizerSettings = {
  update: "adam",
  perturbation: "rademacher",
  directions: 4,
  gains: constantGains(0.05, 0.01),
  beta: 0.9,
  beta2: 0.99,
};
const UPDATES = [
  ["gradient-correction", corrected],
  ["adam", adam],
] as const;

async function run(settings: OptimizerSettings, state: OptimizerState, steps: number, seed = 1, loss = judge) {
  let current = state;
  for (let i = 0; i < steps; i++) ({ state: current } = await optimizerStep(settings, current, loss, seed, ["site"]));
  return current;
}

const throughJson = (state: OptimizerState): OptimizerState => {
  const stored = JSON.parse(
    JSON.stringify({ ...state, theta: [...state.theta], moments: state.moments.map((m) => [...m]) }),
  );
  return {
    step: stored.step,
    theta: Float32Array.from(stored.theta),
    moments: stored.moments.map((m: number[]) => Float32Array.from(m)),
  };
};

describe("the estimate", () => {
  it.each(["rademacher", "segmented-uniform"] as const)("%s: has the true gradient as its mean", async (kind) => {
    // With a = 1 and no momentum the step is minus the estimate.
    const settings = { ...corrected, perturbation: kind, directions: 1, gains: constantGains(1, 0.05), beta: 0 };
    const count = 3000;
    const gradient = TARGET.map((target, i) => CURVATURE[i] * (START[i] - target));
    const sums = TARGET.map(() => 0);
    const squares = TARGET.map(() => 0);
    for (let seed = 0; seed < count; seed++) {
      const { state } = await optimizerStep(settings, startOptimizer(settings, START), judge, seed, ["mean"]);
      for (const [i, value] of state.theta.entries()) {
        sums[i] -= value;
        squares[i] += value * value;
      }
    }
    for (const [i, sum] of sums.entries()) {
      const error = Math.sqrt((squares[i] / count - (sum / count) ** 2) / count);
      expect(Math.abs(sum / count - gradient[i])).toBeLessThan(4 * error);
    }
  });

  it("is less noisy by the root of q when q directions are averaged", async () => {
    const spread = async (directions: number) => {
      const settings = { ...corrected, directions, gains: constantGains(1, 0.05), beta: 0 };
      let sum = 0;
      let squares = 0;
      for (let seed = 0; seed < 400; seed++) {
        const { state } = await optimizerStep(settings, startOptimizer(settings, START), judge, seed, ["spread"]);
        sum += state.theta[4];
        squares += state.theta[4] ** 2;
      }
      return squares / 400 - (sum / 400) ** 2;
    };
    expect((await spread(1)) / (await spread(8))).toBeGreaterThan(6);
  });

  it("of one step is what pencil and paper give", async () => {
    const settings = {
      ...corrected,
      perturbation: "rademacher" as const,
      directions: 1,
      gains: constantGains(0.1, 0.5),
    };
    let asked: readonly CandidatePair[] = [];
    const loss: PairLoss = async (pairs) => {
      asked = pairs;
      return [{ plus: 3, minus: 1 }];
    };
    const before: OptimizerState = { step: 4, theta: Float32Array.of(1, 1), moments: [Float32Array.of(10, 0)] };
    const { state, loss: mean } = await optimizerStep(settings, before, loss, 1, ["hand"]);
    const signs = [...asked[0].plus].map((value) => Math.sign(value - 1));
    expect([...asked[0].plus, ...asked[0].minus]).toEqual([
      ...signs.map((s) => 1 + s / 2),
      ...signs.map((s) => 1 - s / 2),
    ]);
    // slope (3 - 1) / (2 x 0.5) = 2; g = 2 sign; m = 0.4 m + g; theta -= 0.1 (g + 0.4 m).
    const momentum = [4 + 2 * signs[0], 2 * signs[1]];
    for (const i of [0, 1]) {
      expect(state.moments[0][i]).toBeCloseTo(momentum[i], 5);
      expect(state.theta[i]).toBeCloseTo(1 - 0.1 * (2 * signs[i] + 0.4 * momentum[i]), 5);
    }
    expect([state.step, mean]).toEqual([5, 2]);
  });

  it("of Adam's first step is the step size in the direction of the sign, whatever the slope", async () => {
    const settings = { ...adam, directions: 1 };
    for (const slope of [1e-4, 1, 1e4]) {
      const loss: PairLoss = async () => [{ plus: slope, minus: 0 }];
      const { state } = await optimizerStep(settings, startOptimizer(settings, START), loss, 1, ["sign"]);
      for (const value of state.theta) expect(Math.abs(value)).toBeCloseTo(0.05, 5);
    }
  });
});

describe("a run", () => {
  it.each(UPDATES)("of %s comes to the minimum of a quadratic", async (_, settings) => {
    const end = await run(settings, startOptimizer(settings, START), 600);
    expect(quadratic(START)).toBeGreaterThan(10);
    expect(quadratic(end.theta)).toBeLessThan(0.02);
    expect(end.step).toBe(600);
  });

  it.each(UPDATES)("of %s comes near it from noisy losses too", async (_, settings) => {
    let calls = 0;
    const noisy: PairLoss = async (pairs) =>
      (await judge(pairs, 0)).map(({ plus, minus }) => ({
        plus: plus + 0.2 * Math.sin(1.7 * ++calls),
        minus: minus + 0.2 * Math.sin(2.3 * calls),
      }));
    const wide = { ...settings, gains: { ...settings.gains, perturbation: () => 0.5 } };
    const end = await run(wide, startOptimizer(wide, START), 600, 1, noisy);
    expect(quadratic(end.theta)).toBeLessThan(0.3);
  });

  it.each(UPDATES)("of %s gives the same bits again, others with another seed", async (_, settings) => {
    const first = await run(settings, startOptimizer(settings, START), 20);
    expect(sameBits((await run(settings, startOptimizer(settings, START), 20)).theta, first.theta)).toBe(true);
    expect(sameBits((await run(settings, startOptimizer(settings, START), 20, 2)).theta, first.theta)).toBe(false);
  });

  it.each(UPDATES)("of %s goes on to the same bits from a stored state", async (_, settings) => {
    const whole = await run(settings, startOptimizer(settings, START), 20);
    const half = throughJson(await run(settings, startOptimizer(settings, START), 7));
    const end = await run(settings, half, 13);
    expect(sameBits(end.theta, whole.theta)).toBe(true);
    for (const [i, moment] of whole.moments.entries()) expect(sameBits(end.moments[i], moment)).toBe(true);
  });

  it.each(UPDATES)("of %s leaves the state it was given alone, and copies what it starts from", async (_, settings) => {
    const theta = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const before = startOptimizer(settings, theta);
    theta.fill(0);
    expect(before.theta[7]).toBe(8);
    const copy = throughJson(before);
    await optimizerStep(settings, before, judge, 1, ["site"]);
    expect(before).toEqual(copy);
  });
});

describe("a loss that is not a finite number", () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])("(%p) stops the step and keeps the state", async (bad) => {
    for (const [, settings] of UPDATES)
      for (const side of ["plus", "minus"]) {
        const before = await run(settings, startOptimizer(settings, START), 3);
        const copy = throughJson(before);
        const loss: PairLoss = async (pairs) =>
          (await judge(pairs, 0)).map((losses, j) => (j === pairs.length - 1 ? { ...losses, [side]: bad } : losses));
        expect(await codeOf(() => optimizerStep(settings, before, loss, 1, ["site"]))).toBe("LOSS_NOT_FINITE");
        expect(before).toEqual(copy);
      }
  });

  it("is not mistaken for what the black box itself throws", async () => {
    const broken = new Error("the line is down");
    const loss: PairLoss = () => Promise.reject(broken);
    const before = startOptimizer(adam, START);
    expect(await thrownBy(() => optimizerStep(adam, before, loss, 1, ["site"]))).toBe(broken);
    expect(before.step).toBe(0);
  });
});

it("judges all pairs of a step in one call, symmetric about theta, with the step's own gains", async () => {
  const settings = { ...adam, gains: { step: () => 0.1, perturbation: (k: number) => 1 / (k + 1) } };
  const calls: { pairs: readonly CandidatePair[]; step: number }[] = [];
  const loss: PairLoss = async (pairs, step) => {
    calls.push({ pairs, step });
    return judge(pairs, step);
  };
  const state = await run(settings, startOptimizer(settings, START), 1, 1, loss);
  await run(settings, state, 1, 1, loss);
  expect(calls.map(({ step, pairs }) => [step, pairs.length])).toEqual([
    [0, 4],
    [1, 4],
  ]);
  for (const { plus, minus } of calls[0].pairs)
    expect(plus.every((value, i) => value === -minus[i] && Math.abs(value) === 1)).toBe(true);
  for (const { plus, minus } of calls[1].pairs)
    for (const [i, value] of plus.entries()) {
      expect((value + minus[i]) / 2).toBeCloseTo(state.theta[i], 6);
      expect(Math.abs(value - minus[i])).toBeCloseTo(1, 6);
    }
});
