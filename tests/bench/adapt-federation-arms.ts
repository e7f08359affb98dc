import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import { adaptLocally } from "@fedbaps/core/training/local-adaptation.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { type Rounds, runRounds } from "./adapt-federation-rounds.js";
import { type Deal, dealSites, pool, type SiteFolder } from "./adapt-federation-sites.js";
import { CLICKS, LOCAL_PARTS } from "./adapt-local.js";
import { openMeasure } from "./adapt-measure.js";
import { METHODS } from "./adapt-methods.js";

/** Each site by itself; all of them in a study; one site that has all their pictures and all their queries. */
export const ARMS = ["alone", "federated", "pooled"] as const;
export type Arm = (typeof ARMS)[number];

export interface CohortSettings {
  /** For a person. */
  readonly cohort: string;
  readonly arm: Arm;
  readonly centres: readonly SiteFolder[];
  /** Each centre becomes so many virtual sites; absent: a centre is a site. */
  readonly split?: { readonly count: number; readonly deal: Deal };
  readonly blackbox: string;
  readonly opened: string;
  readonly method: string;
  readonly seed: number;
  /** Queries of each site. */
  readonly budget: number;
  readonly study: Rounds;
}

export interface SiteResult {
  readonly site: string;
  /** Training images of the site itself. */
  readonly train: number;
  readonly test: number;
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  readonly deployed: boolean;
  readonly version: number;
  /** For `pooled`, this site's share of them. */
  readonly queries: number;
  readonly zeroShot: readonly ImageScore[];
  readonly adapted: readonly ImageScore[];
  /** The site's small network alone, without a black box and the others; of `alone` with the decoder that is built on it. */
  readonly referenceDice?: number;
}

export interface CohortResult {
  readonly sites: readonly SiteResult[];
}

/** Smaller than the product's: eight sites are open at once. */
const CACHE_BYTES = 3e8;

/** One arm with one cohort. Virtual sites are made of links in a temporary folder. */
export async function runCohort(settings: CohortSettings): Promise<CohortResult> {
  const out = await mkdtemp(join(tmpdir(), "fedbaps-cohort-"));
  try {
    const sites = await sitesOf(settings, out);
    if (settings.arm === "alone") return { sites: await runAlone(settings, sites) };
    if (settings.arm === "federated") return { sites: await runFederated(settings, sites) };
    return { sites: await runPooled(settings, sites, join(out, "pooled")) };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function sitesOf({ centres, split, seed }: CohortSettings, out: string): Promise<readonly SiteFolder[]> {
  if (!split) return centres;
  const sites: SiteFolder[] = [];
  for (const centre of centres) sites.push(...(await dealSites(centre, { ...split, seed, out })));
  return sites;
}

function open(
  settings: CohortSettings,
  site: SiteFolder,
  run: { budget: number; rounds: number; personalShare: number },
) {
  const { decoder, preset } = METHODS[settings.method];
  const { opened, seed } = settings;
  return SiteTraining.open({
    ...{ data: site.folder, site: site.name, blackbox: opened, decoder, preset, seed, ...run },
    clicks: CLICKS,
    clock: systemClock,
    cacheBytes: CACHE_BYTES,
    open: { threads: 1 },
  });
}

const alone = (budget: number) => ({ budget, rounds: LOCAL_PARTS, personalShare: 0, alone: true });

async function runAlone(settings: CohortSettings, sites: readonly SiteFolder[]): Promise<SiteResult[]> {
  const results: SiteResult[] = [];
  for (const site of sites) {
    const training = await open(settings, site, alone(settings.budget));
    try {
      const { zeroShot, adapted, version } = await adaptLocally(training);
      const queries = training.meter.spent;
      const reference = METHODS[settings.method].decoder === "texture" ? await training.reference() : undefined;
      const result = siteResult(site, training, { zeroShot, adapted, version, queries });
      results.push(reference ? { ...result, referenceDice: meanDice(reference) } : result);
    } finally {
      await training.close();
    }
  }
  return results;
}

async function runFederated(settings: CohortSettings, sites: readonly SiteFolder[]): Promise<SiteResult[]> {
  const { budget, study } = settings;
  return withAll(settings, sites, { budget, ...study }, async (trainings) => {
    const ended = await runRounds(trainings, study);
    const results: SiteResult[] = [];
    for (const [i, training] of trainings.entries()) {
      const { choice, theta } = ended[i];
      const zeroShot = await training.report();
      const adapted = theta ? await training.report(theta) : zeroShot;
      const { version } = choice.best;
      results.push(siteResult(sites[i], training, { zeroShot, adapted, version, queries: training.meter.spent }));
    }
    return results;
  });
}

/** Measured on each site's own test pictures with the site's own clicks, as the other arms are. */
async function runPooled(
  settings: CohortSettings,
  sites: readonly SiteFolder[],
  folder: string,
): Promise<SiteResult[]> {
  const { budget, opened, seed } = settings;
  return withAll(settings, sites, alone(budget), async (trainings) => {
    await pool(
      trainings.map(({ dataset }, i) => ({ name: sites[i].name, dataset })),
      folder,
    );
    const pooled = await open(settings, { name: "pooled", folder }, alone(budget * sites.length));
    try {
      const { theta, deployed, version } = await adaptLocally(pooled);
      const results: SiteResult[] = [];
      for (const [i, training] of trainings.entries()) {
        const measure = await openMeasure({ blackbox: opened, training, clicks: CLICKS, seed });
        const { test } = training.dataset;
        try {
          const zeroShot = await measure.scores(test);
          const adapted = deployed ? await measure.scores(test, theta) : zeroShot;
          const queries = pooled.meter.spent / sites.length;
          results.push(siteResult(sites[i], training, { zeroShot, adapted, version, queries }));
        } finally {
          await measure.close();
        }
      }
      return results;
    } finally {
      await pooled.close();
    }
  });
}

async function withAll<T>(
  settings: CohortSettings,
  sites: readonly SiteFolder[],
  { budget, rounds, personalShare }: { budget: number; rounds: number; personalShare: number },
  work: (trainings: readonly SiteTraining[]) => Promise<T>,
): Promise<T> {
  const trainings: SiteTraining[] = [];
  try {
    for (const site of sites) trainings.push(await open(settings, site, { budget, rounds, personalShare }));
    return await work(trainings);
  } finally {
    for (const training of trainings) await training.close();
  }
}

function siteResult(
  { name }: SiteFolder,
  { dataset }: SiteTraining,
  run: Pick<SiteResult, "zeroShot" | "adapted" | "version" | "queries">,
): SiteResult {
  return {
    site: name,
    train: dataset.train.length,
    test: dataset.test.length,
    zeroShotDice: meanDice(run.zeroShot),
    adaptedDice: meanDice(run.adapted),
    deployed: run.version > 0,
    ...run,
  };
}
