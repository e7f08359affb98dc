import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cellFile } from "./adapt-cells.js";
import { CELL_FLAGS, type Experiment, type Missing, makeCells, missingRows, present, say } from "./adapt-experiment.js";
import { ARMS, type CohortResult, type CohortSettings } from "./adapt-federation-arms.js";
import { studyDefaults } from "./adapt-federation-rounds.js";
import { cohortRows } from "./adapt-federation-rows.js";
import { DEALS } from "./adapt-federation-sites.js";
import { CLICKS } from "./adapt-local.js";
import { METHOD_NAMES } from "./adapt-methods.js";
import { eachOneOf, listOf, UsageError, wholeNumber } from "./adapt-options.js";
import { BLACKBOX_NAMES, blackboxAt, CENTRE_NAMES, centreAt, type Place } from "./adapt-places.js";
import type { Job } from "./adapt-processes.js";

const HELP = `Usage: npm run bench -- federation [OPTIONS]

What sites gain together, for the same queries per site: each alone, all in a study (FedAvg by images, then fine-tuning), and
one site that has everybody's pictures and queries. A study runs in one process, without a network and without masks; packing,
adding and opening of the updates are the product's. Finished cells stay in the work folder, as with adapt.

  --centres A,B      as with adapt (default: the six)
  --cohorts A,B      real: every centre is a site; 2 to 8: each centre by itself is split into so many virtual sites
                     (default: real,2,4,8)
  --deals A,B        how a split is made: ${DEALS.join(", ")} (default: random,size)
  --arms A,B         ${ARMS.join(", ")} (default: all)
  --blackboxes A,B   ${BLACKBOX_NAMES.join(", ")}, or as fedbaps-site takes it (default: general)
  --methods A,B      ${METHOD_NAMES.join(", ")} (default: default)
  --seeds 1,2,3      (default: 1,2,3)
  --budget N         queries of each site, for everything (default: 4000)
  --rounds N         of a study (default: a study's)
  --personal SHARE   of a site's training queries that it keeps for itself (default: a study's)
  --processes N, --work FOLDER, --any-code, --json, --out FILE.json   as with adapt
`;

const SMALLEST_SPLIT = 2;
const LARGEST_SPLIT = 8;

/** Federated against alone and pooled. */
export const federationExperiment: Experiment = {
  help: HELP,
  flags: {
    ...CELL_FLAGS,
    centres: { type: "string" },
    cohorts: { type: "string" },
    deals: { type: "string" },
    arms: { type: "string" },
    blackboxes: { type: "string" },
    methods: { type: "string" },
    seeds: { type: "string" },
    budget: { type: "string" },
    rounds: { type: "string" },
    personal: { type: "string" },
  },
  async run(values) {
    const missing: Missing[] = [];
    const centres = await Promise.all(listOf("centres", values.centres, CENTRE_NAMES).map(centreAt));
    const blackboxes = await Promise.all(listOf("blackboxes", values.blackboxes, ["general"]).map(blackboxAt));
    const methods = eachOneOf("methods", listOf("methods", values.methods, ["default"]), METHOD_NAMES);
    const cohorts = cohortsOf({
      centres: present(centres, missing),
      names: listOf("cohorts", values.cohorts, ["real", "2", "4", "8"]),
      deals: eachOneOf("deals", listOf("deals", values.deals, ["random", "size"]), DEALS),
    });
    const arms = eachOneOf("arms", listOf("arms", values.arms, ARMS), ARMS);
    const seeds = listOf("seeds", values.seeds, ["1", "2", "3"]).map((seed) => wholeNumber("seeds", seed, 1, 0));
    const budget = wholeNumber("budget", values.budget, 4000);
    const { rounds, personalShare, clip, maxImages } = studyDefaults();
    const study = {
      ...{ clip, maxImages },
      rounds: wholeNumber("rounds", values.rounds, rounds),
      personalShare: shareOf(values.personal, personalShare),
    };
    const work = resolve(String(values.work ?? join(tmpdir(), "fedbaps-bench-federation")));
    const boxes = present(blackboxes, missing);
    const jobs = seeds.flatMap((seed) =>
      boxes.flatMap((blackbox) =>
        methods.flatMap((method) =>
          cohorts.flatMap((cohort) =>
            arms.map((arm) => {
              const settings: CohortSettings = {
                ...{ ...cohort, arm, blackbox: blackbox.name, opened: blackbox.at, method, seed, budget, study },
              };
              const words = [cohort.cohort, arm, blackbox.name, method, `seed ${seed}`, `${budget} queries`];
              return {
                kind: "cohort" as const,
                settings,
                file: cellFile(work, words, settings),
                what: words.join(", "),
              };
            }),
          ),
        ),
      ),
    );
    const made = await makeCells<Extract<Job, { kind: "cohort" }>, CohortResult>(jobs, {
      processes: wholeNumber("processes", values.processes, 2),
      anyCode: values["any-code"] === true,
      describe: ({ sites }) =>
        sites.map((site) => `${site.zeroShotDice.toFixed(2)} -> ${site.adaptedDice.toFixed(2)}`).join("; "),
    });
    missing.push(...made.missing);
    return {
      rows: [...cohortRows(made.cells, budget), ...missingRows(missing)],
      details: { settings: { budget, seeds, clicks: CLICKS, study }, ...made, missing },
    };
  },
};

function cohortsOf(init: {
  readonly centres: readonly Place[];
  readonly names: readonly string[];
  readonly deals: readonly (typeof DEALS)[number][];
}): Pick<CohortSettings, "cohort" | "centres" | "split">[] {
  const centres = init.centres.map(({ name, at }) => ({ name, folder: at }));
  return init.names.flatMap((name) => {
    if (name === "real") {
      if (centres.length > 1) return [{ cohort: "real", centres }];
      say("real is left out: one centre makes no cohort");
      return [];
    }
    const count = wholeNumber("cohorts", name, SMALLEST_SPLIT, SMALLEST_SPLIT);
    if (count > LARGEST_SPLIT)
      throw new UsageError(`--cohorts ${name}: ${SMALLEST_SPLIT} to ${LARGEST_SPLIT}, or real`);
    return init.deals.flatMap((deal) =>
      centres.map((centre) => ({
        cohort: `${centre.name} in ${count} by ${deal}`,
        centres: [centre],
        split: { count, deal },
      })),
    );
  });
}

function shareOf(given: string | boolean | undefined, usual: number): number {
  const share = given === undefined ? usual : Number(given);
  if (share >= 0 && share <= 0.9) return share;
  throw new UsageError(`--personal is a share from 0 to 0.9, not ${given}`);
}
