import { METHODS } from "./adapt-methods.js";
import type { CentreSummary, OverallSummary } from "./adapt-summary.js";
import { rounded } from "./statistics.js";
import type { Row } from "./table.js";

/** What visual prompts reach on isic-uda1 with the black box's own gradients: a bound for those who only ask it. */
const WHITE_BOX = { centre: "isic-uda1", blackbox: "general", dice: 0.74 };
/** What the default is held to: the least mean gain by black box, and the rest. */
const TARGET = { gain: { general: 0.05, bundled: 0.04 }, worst: -0.005, timesPaper: 3, queriesToPaper: 400 } as const;

/** @param budget queries of each run */
export function centreRows(summaries: readonly CentreSummary[], budget: number): Row[] {
  return summaries.map(({ centre, blackbox, method, zeroShot, adapted, gain, deployed, reference, queriesToPaper }) => {
    const bound = centre === WHITE_BOX.centre && blackbox === WHITE_BOX.blackbox;
    return {
      measured: `test Dice by centre with ${budget} queries; the interval (95 %) is over seeds`,
      ...{ centre, blackbox, method, seeds: gain.count },
      ...{ zeroShot: rounded(zeroShot), adapted: rounded(adapted) },
      ...{ gain: rounded(gain.mean), gainLow: rounded(gain.low), gainHigh: rounded(gain.high) },
      deployedPercent: rounded(100 * deployed),
      ...(reference === undefined ? {} : { reference: rounded(reference) }),
      ...(queriesToPaper === undefined ? {} : { queriesToPaperGain: queriesToPaper }),
      ...(bound && { wayToWhiteBoxPercent: rounded((100 * (adapted - zeroShot)) / (WHITE_BOX.dice - zeroShot)) }),
    };
  });
}

/** @param budget queries of each run */
export function overallRows(summaries: readonly OverallSummary[], budget: number): Row[] {
  return summaries.map((summary) => {
    const { blackbox, method, centres, zeroShot, adapted, gain, deployed, reference } = summary;
    const { worstCentre, worstGain, timesPaper, queriesToPaper, early } = summary;
    return {
      measured: `mean over centres with ${budget} queries; the interval (95 %) is over seeds`,
      ...{ blackbox, method, centres, seeds: gain.count },
      ...{ zeroShot: rounded(zeroShot), adapted: rounded(adapted) },
      ...{ gain: rounded(gain.mean), gainLow: rounded(gain.low), gainHigh: rounded(gain.high) },
      deployedPercent: rounded(100 * deployed),
      ...(reference === undefined ? {} : { reference: rounded(reference) }),
      ...{ worstCentre, worstGain: rounded(worstGain) },
      ...(timesPaper === undefined ? {} : { timesPaperGain: rounded(timesPaper) }),
      ...(queriesToPaper === undefined ? {} : { queriesToPaperGain: queriesToPaper }),
      ...(METHODS[method].decoder === "texture" && {
        earlyEndQueries: Math.round(early.queries),
        earlyEndGain: rounded(early.gain),
      }),
      ...(method === "default" ? judge(summary) : {}),
    };
  });
}

function judge({ blackbox, gain, worstGain, timesPaper, queriesToPaper }: OverallSummary): Row {
  const least = TARGET.gain[blackbox as keyof typeof TARGET.gain];
  if (least === undefined) return {};
  const yes = (met: boolean) => (met ? "yes" : "no");
  const against = (figure: number | undefined, met: (value: number) => boolean) =>
    figure === undefined ? "unknown" : yes(met(figure));
  const { worst, timesPaper: times, queriesToPaper: queries } = TARGET;
  return {
    target: `gain >= ${least}, worst >= ${worst}, >= ${times} times paper, <= ${queries} queries to paper`,
    met: [
      yes(gain.mean >= least),
      yes(worstGain >= worst),
      against(timesPaper, (value) => value >= times),
      against(queriesToPaper, (value) => value <= queries),
    ].join(", "),
  };
}
