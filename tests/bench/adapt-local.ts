import { systemClock } from "@fedbaps/core/common/clock.js";
import { type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import { type AdaptationState, adaptLocally } from "@fedbaps/core/training/local-adaptation.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { type Curve, curveOf } from "./adapt-curve.js";
import { openMeasure } from "./adapt-measure.js";
import { METHODS } from "./adapt-methods.js";

/** Parts of a local run, as in `fedbaps-site adapt`. */
export const LOCAL_PARTS = 6;
/** Clicks per test image: fixed by seed and image, so all methods are measured with the same. */
export const CLICKS = 3;

export interface LocalSettings {
  readonly centre: string;
  readonly folder: string;
  readonly blackbox: string;
  /** As `openBlackBox` reads it. */
  readonly opened: string;
  readonly method: string;
  readonly seed: number;
  readonly budget: number;
}

export interface LocalResult {
  /** Images of each part. */
  readonly train: number;
  readonly val: number;
  readonly test: number;
  readonly parameters: number;
  readonly zeroShot: readonly ImageScore[];
  readonly adapted: readonly ImageScore[];
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  readonly deployed: boolean;
  readonly version: number;
  readonly queries: number;
  readonly curve: Curve;
  /** The small network alone, without a black box: measured once, beside the decoder that is built on it. */
  readonly reference?: readonly ImageScore[];
  readonly referenceDice?: number;
}

/** One site by itself, as `fedbaps-site adapt` does it, and every version of it on the test split. */
export async function runLocal(settings: LocalSettings): Promise<LocalResult> {
  const { folder, opened, method, seed, budget } = settings;
  const { decoder, preset } = METHODS[method];
  const training = await SiteTraining.open({
    ...{ data: folder, blackbox: opened, decoder, preset, budget, seed },
    rounds: LOCAL_PARTS,
    alone: true,
    clicks: CLICKS,
    site: "local",
    clock: systemClock,
    open: { threads: 1 },
  });
  try {
    const versions = new Versions();
    // To its end: where it would stop early can be told from its curve.
    const run = await adaptLocally(training, { onState: (state) => versions.note(state) });
    const testDice = [run.zeroShotDice];
    const measure = await openMeasure({ blackbox: opened, training, clicks: CLICKS, seed });
    try {
      for (const theta of versions.thetas) testDice.push(meanDice(await measure.scores(training.dataset.test, theta)));
    } finally {
      await measure.close();
    }
    const curve = curveOf(versions.validated, testDice);
    checkSame(curve, run.adaptedDice);
    const reference = decoder === "texture" ? await training.reference() : undefined;
    const { train, val, test } = training.dataset;
    return {
      ...{ train: train.length, val: val.length, test: test.length, parameters: training.parameterCount },
      ...{ zeroShot: plain(run.zeroShot), adapted: plain(run.adapted) },
      ...{ zeroShotDice: run.zeroShotDice, adaptedDice: run.adaptedDice },
      ...{ deployed: run.deployed, version: run.version, queries: training.meter.spent, curve },
      ...(reference ? { reference: plain(reference), referenceDice: meanDice(reference) } : {}),
    };
  } finally {
    await training.close();
  }
}

/** The parameters of every version of a run, as it goes by. */
class Versions {
  readonly thetas: Float32Array[] = [];
  validated: AdaptationState["validated"] = [];

  async note({ validated, optimizer }: AdaptationState): Promise<void> {
    // Zero-shot is validated first, and no version.
    if (validated.length > Math.max(1, this.validated.length)) this.thetas.push(optimizer.theta.slice());
    this.validated = validated;
  }
}

/** The curve was measured by another way than the run's own report: both must say the same of the chosen version. */
function checkSame(curve: Curve, adaptedDice: number): void {
  const measured = curve[curve.length - 1].deployedDice;
  if (Math.abs(measured - adaptedDice) > 1e-6)
    throw new Error(`the run reports a Dice of ${adaptedDice}, but measured again it is ${measured}`);
}

/** What the paired comparisons need. */
function plain(scores: readonly ImageScore[]): ImageScore[] {
  return scores.map(({ id, dice, iou }) => ({ id, dice, iou }));
}
