import { mkdir, symlink } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { type Dataset, loadSample, openDataset, type Sample } from "@fedbaps/core/data/dataset.js";
import { MIN_PAIRS } from "@fedbaps/core/data/split.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { mean } from "@fedbaps/core/math/vector.js";

/** How a centre's pictures are dealt to virtual sites: alike at random, or each site a range of lesion sizes or of brightness. */
export const DEALS = ["random", "size", "brightness"] as const;
export type Deal = (typeof DEALS)[number];

export interface SiteFolder {
  readonly name: string;
  readonly folder: string;
}

/**
 * Deals a centre's pictures to `count` virtual sites: folders of links under `out`.
 * @throws Error where a site would have fewer pictures than can be split
 */
export async function dealSites(
  centre: SiteFolder,
  { count, deal, seed, out }: { count: number; deal: Deal; seed: number; out: string },
): Promise<SiteFolder[]> {
  const { train, val, test } = await openDataset(centre.folder, { seed });
  const samples = [...train, ...val, ...test].sort((a, b) => a.id - b.id);
  if (samples.length < count * MIN_PAIRS)
    throw new Error(`${centre.name} has ${samples.length} pictures: too few for ${count} sites`);
  const ordered = await order(samples, deal, seed);
  const sites: SiteFolder[] = [];
  for (let s = 0; s < count; s++) {
    const name = `${centre.name}-${deal}-${s + 1}`;
    const folder = join(out, name);
    await link(shareOf(ordered, s, count), folder);
    sites.push({ name, folder });
  }
  return sites;
}

/** The site `s` of `count`: a stretch of the ordered items, no longer than any other by more than one. */
export function shareOf<T>(items: readonly T[], s: number, count: number): T[] {
  const at = (part: number) => Math.floor((items.length * part) / count);
  return items.slice(at(s), at(s + 1));
}

/** All sites' pictures in one folder that keeps who is in which part. */
export async function pool(
  sites: readonly { readonly name: string; readonly dataset: Dataset }[],
  folder: string,
): Promise<void> {
  for (const { name, dataset } of sites)
    for (const part of ["train", "val", "test"] as const) await link(dataset[part], join(folder, part), `${name}--`);
}

async function order(samples: readonly Sample[], deal: Deal, seed: number): Promise<Sample[]> {
  if (deal === "random") return new RandomStream(seed, "bench-deal").shuffle([...samples]);
  const keyed: { sample: Sample; key: number }[] = [];
  for (const sample of samples) {
    const { image, mask } = await loadSample(sample);
    keyed.push({ sample, key: mean(Array.from(deal === "size" ? mask.data : image.data)) });
  }
  return keyed.sort((a, b) => a.key - b.key).map(({ sample }) => sample);
}

async function link(samples: readonly Sample[], folder: string, prefix = ""): Promise<void> {
  for (const kind of ["image", "mask"] as const) {
    const target = join(folder, `${kind}s`);
    await mkdir(target, { recursive: true });
    for (const { stem, [kind]: source } of samples)
      await symlink(source.path, join(target, `${prefix}${basename(stem)}${extname(source.path)}`));
  }
}
