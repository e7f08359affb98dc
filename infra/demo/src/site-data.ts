import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { remoteOrigins } from "@fedbaps/core/blackbox/oip/origins.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { lookOf, writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import { openUsable } from "@fedbaps/core/data/usable.js";
import { planBudget } from "@fedbaps/core/training/budget-plan.js";
import { preset, queriesPerStep } from "@fedbaps/core/training/presets.js";
import { DemoError } from "./errors.js";
import type { DemoOptions } from "./options.js";

export interface SiteData {
  readonly site: string;
  readonly folder: string;
  readonly images: { readonly train: number; readonly val: number; readonly test: number };
}

export const CLICKS = 3;
export const PERSONAL_SHARE = 0.5;
const DEFAULT_SITES = 3;
const PHANTOMS_PER_SITE = 60;

/**
 * The sites' folders: those of `--data`, or phantoms drawn into `work`.
 * @throws DemoError DEMO_DATA; BlackBoxError; DatasetError and BudgetError for a site that could not take part.
 */
export async function prepareSites(options: DemoOptions, work: string): Promise<SiteData[]> {
  const allowedHosts = remoteOrigins(options.blackbox);
  await (await openBlackBox(options.blackbox, { allowedHosts, env: process.env })).close();
  const found = options.data === undefined ? await drawSites(options, work) : await findSites(options.data);
  const wanted = options.sites ?? found.length;
  if (found.length < Math.max(wanted, DEFAULT_SITES))
    throw new DemoError(
      "DEMO_DATA",
      `${options.data}: ${found.length} sites found (subfolders with images/ and masks/), ${Math.max(wanted, DEFAULT_SITES)} needed`,
    );
  if ((options.require ?? 0) > wanted)
    throw new DemoError("DEMO_DATA", `--require ${options.require}: only ${wanted} sites take part`);
  const names = found.slice(0, wanted).map(({ site }) => site);
  const twice = names.find((site, i) => names.indexOf(site) !== i);
  if (twice) throw new DemoError("DEMO_DATA", `two folders make the same site name, ${twice}; rename one`);
  const sites: SiteData[] = [];
  for (const { site, folder } of found.slice(0, wanted)) {
    // Reads every picture: too many that cannot be read would keep their site from ever being ready.
    const { train, val, test } = await openUsable(folder, { seed: options.seed });
    const images = { train: train.length, val: val.length, test: test.length };
    planBudget({
      budget: options.budget,
      val: images.val,
      test: images.test,
      clicks: CLICKS,
      rounds: options.rounds,
      queriesPerStep: queriesPerStep(preset("adam", 1), options.decoder),
      personalShare: PERSONAL_SHARE,
    });
    sites.push({ site, folder, images });
  }
  return sites;
}

async function drawSites(options: DemoOptions, work: string): Promise<{ site: string; folder: string }[]> {
  const count = options.sites ?? DEFAULT_SITES;
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const site = `hospital-${index + 1}-${lookOf(index).name}`;
      const folder = join(work, "phantoms", site);
      await writePhantomSite(folder, { site: index, images: PHANTOMS_PER_SITE, seed: options.seed });
      return { site, folder };
    }),
  );
}

/** What a site's folder holds: see docs/data.md. */
const SITE_MARKS = ["images", "train", "manifest.csv", "imagesTr"];

/** Subfolders that hold images/, or train/, val/ and test/, or a manifest; in the order of their names. */
async function findSites(data: string): Promise<{ site: string; folder: string }[]> {
  let names: string[];
  try {
    const entries = await readdir(data, { withFileTypes: true });
    names = entries.filter((entry) => !entry.isFile()).map((entry) => entry.name);
  } catch (error) {
    throw new DemoError(
      "DEMO_DATA",
      `--data ${data}: cannot be read (${messageOf(error)}); give a folder with one subfolder per site`,
    );
  }
  const sites: { site: string; folder: string }[] = [];
  for (const name of names.sort()) {
    const folder = join(data, name);
    const inside = await readdir(folder).catch((): string[] => []);
    if (SITE_MARKS.some((name) => inside.includes(name))) sites.push({ site: siteName(name, sites.length), folder });
  }
  return sites;
}

/** A folder's name as a site's name: lower-case letters, digits and hyphens. */
function siteName(folder: string, index: number): string {
  const plain = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50);
  return plain || `site-${index + 1}`;
}
