import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cellFile } from "./adapt-cells.js";
import { CELL_FLAGS, type Experiment, type Missing, makeCells, missingRows, present } from "./adapt-experiment.js";
import { CLICKS, LOCAL_PARTS, type LocalResult, type LocalSettings } from "./adapt-local.js";
import { METHOD_NAMES } from "./adapt-methods.js";
import { eachOneOf, listOf, wholeNumber } from "./adapt-options.js";
import { panelsOf } from "./adapt-panels.js";
import { BLACKBOX_NAMES, blackboxAt, CENTRE_NAMES, centreAt } from "./adapt-places.js";
import { drawPlot } from "./adapt-plot.js";
import type { Job } from "./adapt-processes.js";
import { centreRows, overallRows } from "./adapt-rows.js";
import { type RunFigures, summariseCentres, summariseOverall } from "./adapt-summary.js";

const HELP = `Usage: npm run bench -- adapt [OPTIONS]

What a site gains by itself: centres x black boxes x methods x seeds, each a run of the product's own local adaptation with
a budget of queries, in a process of its own. Every version is measured on the test split besides, outside the budget, with
the same ${CLICKS} fixed clicks per image for all methods. Finished cells stay in the work folder: the same command goes on where it was,
and makes anew what other code than today's build has made.

  --centres A,B      ${CENTRE_NAMES.join(", ")},
                     or paths of folders with images/ and masks/ (default: these six)
  --blackboxes A,B   ${BLACKBOX_NAMES.join(", ")}, or as fedbaps-site takes it (default: general)
  --methods A,B      ${METHOD_NAMES.join(", ")} (default: default, paper);
                     default@400 is the same with a budget of its own
  --seeds 1,2,3      of split, clicks and training (default: 1,2,3)
  --budget N         queries of a run, for everything (default: 4000)
  --processes N      runs at once (default: 2)
  --work FOLDER      where the cells are (default: fedbaps-bench-adapt in the temporary folder)
  --any-code         takes cells of other versions of the code too
  --plot FILE.svg    Dice against queries
  --out FILE.json    everything as JSON; --json prints that instead of tables

The mean gain weighs centres alike; its interval is over seeds by Student's t. queriesToPaperGain: with how many queries the
gain was what the paper preset has at its end.
`;

/** Adaptation of single sites: what is gained, how surely and how soon. */
export const adaptExperiment: Experiment = {
  help: HELP,
  flags: {
    ...CELL_FLAGS,
    centres: { type: "string" },
    blackboxes: { type: "string" },
    methods: { type: "string" },
    seeds: { type: "string" },
    budget: { type: "string" },
    plot: { type: "string" },
  },
  async run(values) {
    const missing: Missing[] = [];
    const centres = await Promise.all(listOf("centres", values.centres, CENTRE_NAMES).map(centreAt));
    const blackboxes = await Promise.all(listOf("blackboxes", values.blackboxes, ["general"]).map(blackboxAt));
    const seeds = listOf("seeds", values.seeds, ["1", "2", "3"]).map((seed) => wholeNumber("seeds", seed, 1, 0));
    const budget = wholeNumber("budget", values.budget, 4000);
    const methods = listOf("methods", values.methods, ["default", "paper"]).map((text) => budgeted(text, budget));
    const processes = wholeNumber("processes", values.processes, 2);
    const work = resolve(String(values.work ?? join(tmpdir(), "fedbaps-bench-adapt")));
    const jobs = jobsOf({
      centres: present(centres, missing),
      blackboxes: present(blackboxes, missing),
      ...{ methods, seeds, work },
    });
    const made = await makeCells<Extract<Job, { kind: "local" }>, LocalResult>(jobs, {
      processes,
      anyCode: values["any-code"] === true,
      describe: ({ zeroShotDice, adaptedDice }) => `${zeroShotDice.toFixed(3)} -> ${adaptedDice.toFixed(3)}`,
    });
    missing.push(...made.missing);
    const runs = made.cells.map(({ settings, result }): RunFigures => {
      const method = settings.budget === budget ? settings.method : `${settings.method}@${settings.budget}`;
      return { ...settings, ...result, method };
    });
    const perCentre = summariseCentres(runs);
    const overall = summariseOverall(runs);
    if (values.plot !== undefined) {
      const title = `Test Dice against queries to the black box, budget ${budget}`;
      await writeFile(String(values.plot), drawPlot({ title, queries: budget, panels: panelsOf(runs) }));
    }
    return {
      rows: [...centreRows(perCentre, budget), ...overallRows(overall, budget), ...missingRows(missing)],
      details: {
        settings: { budget, seeds, clicks: CLICKS, parts: LOCAL_PARTS },
        perCentre,
        overall,
        ...made,
        missing,
      },
    };
  },
};

/** `NAME`, or `NAME@BUDGET`. @throws UsageError */
function budgeted(text: string, usual: number): Plan["methods"][number] {
  const [name, own] = text.split("@");
  const [method] = eachOneOf("methods", [name], METHOD_NAMES);
  return { method, budget: wholeNumber(`methods ${name}@`, own, usual) };
}

interface Plan {
  readonly centres: readonly { readonly name: string; readonly at: string }[];
  readonly blackboxes: readonly { readonly name: string; readonly at: string }[];
  readonly methods: readonly { readonly method: string; readonly budget: number }[];
  readonly seeds: readonly number[];
  readonly work: string;
}

/** Seeds outermost: what is there when a run is stopped is whole for its first seeds. */
function jobsOf({ centres, blackboxes, methods, seeds, work }: Plan) {
  return seeds.flatMap((seed) =>
    blackboxes.flatMap((blackbox) =>
      centres.flatMap((centre) =>
        methods.map(({ method, budget }) => {
          const settings: LocalSettings = {
            ...{ centre: centre.name, folder: centre.at, blackbox: blackbox.name, opened: blackbox.at },
            ...{ method, seed, budget },
          };
          const words = [centre.name, blackbox.name, method, `seed ${seed}`, `${budget} queries`];
          const file = cellFile(work, words, settings);
          return { kind: "local" as const, settings, file, what: words.join(", ") };
        }),
      ),
    ),
  );
}
