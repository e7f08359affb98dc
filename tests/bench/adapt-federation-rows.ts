import { mean } from "@fedbaps/core/math/vector.js";
import type { Cell } from "./adapt-cells.js";
import { ARMS, type CohortResult, type CohortSettings, type SiteResult } from "./adapt-federation-arms.js";
import { intervalOf } from "./adapt-interval.js";
import { gainOf, groupsOf } from "./adapt-summary.js";
import { rounded } from "./statistics.js";
import type { Row } from "./table.js";

/** Sites with fewer training images than this are told apart: they have most to win from others. */
const SMALL_SITE = 30;

type CohortCell = Cell<CohortSettings, CohortResult>;

/** One site in one arm with one seed. */
interface SiteRun extends SiteResult, Pick<CohortSettings, "cohort" | "arm" | "blackbox" | "method" | "seed"> {
  readonly split: boolean;
}

/** By site, by cohort, then over all cohorts and over small sites; gains are means over sites, intervals over seeds. */
export function cohortRows(cells: readonly CohortCell[], budget: number): Row[] {
  const runs = cells.flatMap(({ settings, result }) =>
    result.sites.map((site): SiteRun => ({ ...settings, ...site, split: settings.split !== undefined })),
  );
  const key = ({ blackbox, method }: SiteRun) => `${blackbox}\0${method}`;
  const rows = (measured: string, chosen: readonly SiteRun[], name: (run: SiteRun) => string, column: string) =>
    groupsOf(chosen, (run) => `${name(run)}\0${key(run)}`).map((group) => ({
      measured,
      [column]: name(group[0]),
      ...{ blackbox: group[0].blackbox, method: group[0].method },
      ...armFigures(group),
    }));
  const queries = `with ${budget} queries a site`;
  const small = runs.filter(({ train }) => train < SMALL_SITE);
  const kind = ({ split }: SiteRun) => (split ? "centres split into virtual sites" : "real centres");
  return [
    ...rows(`gain in test Dice by site ${queries}`, runs, ({ cohort, site }) => `${cohort}: ${site}`, "site"),
    ...rows(`gain in test Dice by cohort ${queries}, mean over sites`, runs, ({ cohort }) => cohort, "cohort"),
    ...rows(`gain in test Dice of all cohorts ${queries}, mean over sites`, runs, kind, "cohorts"),
    ...rows(
      `gain in test Dice of sites with fewer than ${SMALL_SITE} training images ${queries}, mean over sites`,
      small,
      kind,
      "cohorts",
    ),
  ];
}

function armFigures(group: readonly SiteRun[]): Row {
  const pairs = differences(group);
  const figures = ARMS.flatMap((arm) => {
    const members = group.filter((run) => run.arm === arm);
    if (members.length === 0) return [];
    const gain = overSeeds(members, gainOf);
    return [
      [`${arm}Gain`, rounded(gain.mean)],
      [`${arm}DeployedPercent`, rounded(100 * mean(members.map(({ deployed }) => (deployed ? 1 : 0))))],
    ] as const;
  });
  const references = group.flatMap(({ referenceDice, zeroShotDice }) =>
    referenceDice === undefined ? [] : referenceDice - zeroShotDice,
  );
  const sites = new Set(group.map(({ cohort, site }) => `${cohort}\0${site}`)).size;
  return {
    ...{ sites, seeds: new Set(group.map(({ seed }) => seed)).size },
    trainMean: rounded(mean(group.map(({ train }) => train))),
    zeroShot: rounded(mean(group.map(({ zeroShotDice }) => zeroShotDice))),
    ...Object.fromEntries(figures),
    ...(references.length === 0 ? {} : { referenceGain: rounded(mean(references)) }),
    ...pairs,
  };
}

/** Federated less alone, of the same sites and seeds. */
function differences(group: readonly SiteRun[]): Row {
  const nameOf = ({ cohort, site, seed }: SiteRun) => `${cohort}\0${site}\0${seed}`;
  const alone = new Map(group.filter(({ arm }) => arm === "alone").map((run) => [nameOf(run), run]));
  const paired = group.flatMap((run) => {
    const other = run.arm === "federated" ? alone.get(nameOf(run)) : undefined;
    return other ? [{ seed: run.seed, more: run.adaptedDice - other.adaptedDice }] : [];
  });
  if (paired.length === 0) return {};
  const more = overSeeds(paired, ({ more }) => more);
  return {
    federatedMore: rounded(more.mean),
    federatedMoreLow: rounded(more.low),
    federatedMoreHigh: rounded(more.high),
  };
}

function overSeeds<T extends { readonly seed: number }>(runs: readonly T[], figure: (run: T) => number) {
  return intervalOf(groupsOf(runs, ({ seed }) => `${seed}`).map((seed) => mean(seed.map(figure))));
}
