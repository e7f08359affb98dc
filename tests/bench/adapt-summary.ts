import { mean } from "@fedbaps/core/math/vector.js";
import { type Curve, earlyEnd, queriesToGain } from "./adapt-curve.js";
import { type Interval, intervalOf } from "./adapt-interval.js";

/** What a run comes to. */
export interface RunFigures {
  readonly centre: string;
  readonly blackbox: string;
  readonly method: string;
  readonly seed: number;
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  readonly deployed: boolean;
  readonly referenceDice?: number;
  readonly curve: Curve;
}

/** One method at one centre with one black box, over the seeds. */
export interface CentreSummary {
  readonly centre: string;
  readonly blackbox: string;
  readonly method: string;
  readonly zeroShot: number;
  readonly adapted: number;
  readonly gain: Interval;
  /** Share of the runs that use a decoder, 0..1. */
  readonly deployed: number;
  readonly reference: number | undefined;
  /** Until this method's gain is the paper preset's; undefined where it never is, or that was not run. */
  readonly queriesToPaper: number | undefined;
}

/** One method with one black box, over all centres: each centre weighs the same. */
export interface OverallSummary {
  readonly blackbox: string;
  readonly method: string;
  readonly centres: number;
  readonly zeroShot: number;
  readonly adapted: number;
  /** Of the mean over centres, over the seeds. */
  readonly gain: Interval;
  readonly deployed: number;
  readonly reference: number | undefined;
  readonly worstCentre: string;
  readonly worstGain: number;
  /** Times the gain of the paper preset; undefined where that is not positive or was not run. */
  readonly timesPaper: number | undefined;
  /** Mean queries and gain where runs stop early, as `fedbaps-site adapt` does. */
  readonly early: { readonly queries: number; readonly gain: number };
  readonly queriesToPaper: number | undefined;
}

const BASELINE = "paper";

export function gainOf({ zeroShotDice, adaptedDice }: Pick<RunFigures, "zeroShotDice" | "adaptedDice">): number {
  return adaptedDice - zeroShotDice;
}

/** @returns centres as they first come, and their methods */
export function summariseCentres(runs: readonly RunFigures[]): CentreSummary[] {
  return groupsOf(runs, ({ centre, blackbox, method }) => `${centre}\0${blackbox}\0${method}`).map((group) => {
    const [{ centre, blackbox, method }] = group;
    const beside = runs.filter((run) => run.centre === centre && run.blackbox === blackbox);
    const paper = beside.filter((run) => run.method === BASELINE);
    const figures = { ...figuresOf(group), reference: referenceOf(beside), queriesToPaper: toPaper(group, paper) };
    return { centre, blackbox, method, ...figures };
  });
}

export function summariseOverall(runs: readonly RunFigures[]): OverallSummary[] {
  return groupsOf(runs, ({ blackbox, method }) => `${blackbox}\0${method}`).map((group) => {
    const [{ blackbox, method }] = group;
    const beside = summariseCentres(runs.filter((run) => run.blackbox === blackbox));
    const centres = beside.filter((centre) => centre.method === method);
    const paper = runs.filter((run) => run.method === BASELINE && run.blackbox === blackbox);
    const gain = intervalOf(groupsOf(group, ({ seed }) => `${seed}`).map((seed) => mean(seed.map(gainOf))));
    const paperGain = mean(summariseCentres(paper).map((centre) => centre.gain.mean));
    const worst = centres.reduce((least, centre) => (centre.gain.mean < least.gain.mean ? centre : least));
    const ends = group.map(({ curve }) => ({ ...earlyEnd(curve), zeroShotDice: curve[0].deployedDice }));
    const meanOf = (figure: (centre: CentreSummary) => number) => mean(centres.map(figure));
    const references = centres.flatMap(({ reference }) => reference ?? []);
    return {
      ...{ blackbox, method, centres: centres.length, gain },
      zeroShot: meanOf(({ zeroShot }) => zeroShot),
      adapted: meanOf(({ adapted }) => adapted),
      deployed: meanOf(({ deployed }) => deployed),
      reference: references.length === centres.length ? mean(references) : undefined,
      worstCentre: worst.centre,
      worstGain: worst.gain.mean,
      timesPaper: paperGain > 0 ? meanOf((centre) => centre.gain.mean) / paperGain : undefined,
      queriesToPaper: toPaper(group, paper),
      early: {
        queries: mean(ends.map(({ queries }) => queries)),
        gain: mean(ends.map(({ deployedDice, zeroShotDice }) => deployedDice - zeroShotDice)),
      },
    };
  });
}

function figuresOf(group: readonly RunFigures[]) {
  return {
    zeroShot: mean(group.map(({ zeroShotDice }) => zeroShotDice)),
    adapted: mean(group.map(({ adaptedDice }) => adaptedDice)),
    gain: intervalOf(group.map(gainOf)),
    deployed: mean(group.map(({ deployed }) => (deployed ? 1 : 0))),
  };
}

/** It is the same beside every method: whichever run measured it. */
function referenceOf(beside: readonly RunFigures[]): number | undefined {
  const references = beside.flatMap(({ referenceDice }) => referenceDice ?? []);
  return references.length > 0 ? mean(references) : undefined;
}

/** A paper preset that gains nothing is reached by standing still, which says nothing. */
function toPaper(group: readonly RunFigures[], paper: readonly RunFigures[]): number | undefined {
  const gain = mean(paper.map(gainOf));
  return gain > 0
    ? queriesToGain(
        group.map(({ curve }) => curve),
        gain,
      )
    : undefined;
}

/** In the order of each group's first member. */
export function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
