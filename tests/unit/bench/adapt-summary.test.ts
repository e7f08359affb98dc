import { describe, expect, it } from "@jest/globals";
import { type RunFigures, summariseCentres, summariseOverall } from "../../bench/adapt-summary.js";

function run(centre: string, method: string, seed: number, zeroShotDice: number, adaptedDice: number): RunFigures {
  const point = { valDice: 0, rawDice: adaptedDice, deployedDice: adaptedDice };
  const start = { version: 0, queries: 0, valDice: 0, rawDice: zeroShotDice, deployedDice: zeroShotDice };
  const curve = [start, { version: 1, queries: method === "paper" ? 900 : 300, ...point }];
  const figures = { zeroShotDice, adaptedDice, deployed: adaptedDice !== zeroShotDice, curve };
  return { centre, blackbox: "general", method, seed, ...figures };
}

const runs = [
  run("a", "default", 1, 0.4, 0.6),
  { ...run("a", "default", 2, 0.5, 0.7), referenceDice: 0.8 },
  run("a", "paper", 1, 0.4, 0.44),
  run("a", "paper", 2, 0.5, 0.54),
  run("b", "default", 1, 0.4, 0.4),
  run("b", "paper", 1, 0.4, 0.44),
];

describe("the summary of many runs", () => {
  it("has every method of every centre over the seeds", () => {
    const [first, second, third] = summariseCentres(runs);
    expect(first).toMatchObject({ centre: "a", method: "default", deployed: 1, reference: 0.8, queriesToPaper: 300 });
    expect(first.gain.mean).toBeCloseTo(0.2, 10);
    expect(first.gain.count).toBe(2);
    // The small network is the same beside every method.
    expect(second).toMatchObject({ centre: "a", method: "paper", reference: 0.8, queriesToPaper: 900 });
    expect(third).toMatchObject({ centre: "b", deployed: 0, reference: undefined, queriesToPaper: undefined });
  });

  it("weighs centres alike, names the worst, and compares with the paper preset", () => {
    const [ours, paper] = summariseOverall(runs);
    expect(ours).toMatchObject({
      method: "default",
      centres: 2,
      worstCentre: "b",
      deployed: 0.5,
      reference: undefined,
    });
    expect(ours.adapted - ours.zeroShot).toBeCloseTo(0.1, 10);
    expect(ours.timesPaper).toBeCloseTo(0.1 / 0.04, 10);
    expect(ours.worstGain).toBe(0);
    expect(paper.timesPaper).toBeCloseTo(1, 10);
  });

  it("tells what is left where a run stops early", () => {
    const version = (queries: number, valDice: number, deployedDice: number) => ({
      ...{ version: 1, queries, valDice, rawDice: deployedDice, deployedDice },
    });
    const curve = [version(0, 0.4, 0.4), version(300, 0.5, 0.5), version(1600, 0.5, 0.5), version(2900, 0.7, 0.6)];
    const [{ early }] = summariseOverall([{ ...run("a", "default", 1, 0.4, 0.6), curve }]);
    expect(early.queries).toBe(1600);
    expect(early.gain).toBeCloseTo(0.1, 10);
    expect(summariseOverall(runs)[0].early.queries).toBe(300);
  });

  it("knows no ratio to a paper preset that was not run, or gained nothing", () => {
    const without = runs.filter(({ method }) => method !== "paper");
    expect(summariseOverall(without)[0]).toMatchObject({ timesPaper: undefined, queriesToPaper: undefined });
    const still = [run("a", "default", 1, 0.4, 0.6), run("a", "paper", 1, 0.4, 0.4)];
    expect(summariseOverall(still)[0]).toMatchObject({ timesPaper: undefined, queriesToPaper: undefined });
  });
});
