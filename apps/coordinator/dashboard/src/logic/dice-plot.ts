import type { Attempt, SiteDice } from "../api/types.js";

export interface Line {
  readonly label: string;
  readonly kind: "cohort" | "zero-shot" | "site";
  /** One value a round; null where there is none. */
  readonly values: (number | null)[];
}

export interface DicePlot {
  /** Of each point, after how many completed rounds the model stood so: sites measure a round's model when the next begins. */
  readonly after: number[];
  readonly lines: Line[];
}

/** Validation Dice over the completed rounds: the cohort against zero-shot, and the sites whose policy lets it show. */
export function dicePlot(attempts: readonly Attempt[], siteDice: readonly SiteDice[]): DicePlot {
  const completed = attempts.filter(({ phase }) => phase === "completed");
  const rounds = [...new Set([...completed, ...siteDice].map(({ round }) => round))].sort((a, b) => a - b);
  const metric = (round: number) => completed.find((attempt) => attempt.round === round)?.metrics;
  const cohort = rounds.map((round) => metric(round)?.valDice ?? null);
  const zeroShot = rounds.map((round) => metric(round)?.zeroShotValDice ?? null);
  const sites = [...new Set(siteDice.map(({ site }) => site))].sort();
  const known = (values: (number | null)[]) => values.some((value) => value !== null);
  const lines: Line[] = [
    { label: "All sites together", kind: "cohort", values: cohort },
    { label: "Without adaptation", kind: "zero-shot", values: zeroShot },
    ...sites.map((site): Line => {
      const own = siteDice.filter((figure) => figure.site === site);
      const values = rounds.map((round) => own.find((figure) => figure.round === round)?.valDice ?? null);
      return { label: site, kind: "site", values };
    }),
  ];
  return { after: rounds.map((round) => round - 1), lines: lines.filter(({ values }) => known(values)) };
}

/** What the plot shows, in one sentence for those who cannot see it; undefined while there is nothing to show. */
export function plotSentence({ after, lines }: DicePlot): string | undefined {
  const last = (kind: Line["kind"]) => lines.find((line) => line.kind === kind)?.values.findLast((v) => v !== null);
  const [cohort, zero] = [last("cohort"), last("zero-shot")];
  if (cohort === undefined || cohort === null) return undefined;
  const against = zero === undefined || zero === null ? "" : `, against ${zero.toFixed(3)} without adaptation`;
  const rounds = `${after.at(-1)} ${after.at(-1) === 1 ? "round" : "rounds"}`;
  return `After ${rounds}, validation Dice of all sites together is ${cohort.toFixed(3)}${against}.`;
}
