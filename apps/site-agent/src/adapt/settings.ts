import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Dataset, Sample } from "@fedbaps/core/data/dataset.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { z } from "zod";

export const settingsSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/** All that the outcome of a run depends on, each under the flag or thing that a person knows it by. */
export type RunSettings = z.infer<typeof settingsSchema>;

/** The flags that a run's bits depend on. */
export interface AdaptFlags {
  readonly decoder: string;
  readonly preset: string;
  readonly budget: number;
  readonly clicks: number;
  readonly spendAll?: boolean;
}

/**
 * All that the bits of a local run depend on. The pictures are known by the hash of their names and parts, and of how they
 * are read; the hash names nobody.
 */
export function runSettings(
  { decoder, preset, budget, clicks, spendAll }: AdaptFlags,
  seed: number,
  training: Pick<SiteTraining, "model" | "dataset">,
  reading: unknown,
): RunSettings {
  return {
    "--decoder": decoder,
    "--preset": preset,
    "--budget": budget,
    "--clicks": clicks,
    // Runs of before there was the flag have no word of it.
    ...(spendAll ? { "--spend-all": "given" } : {}),
    "--seed": seed,
    "the black box": training.model.description.identity,
    "the set of pictures, or how it is read,": picturesHash(training.dataset, reading),
  };
}

/** Of the names in each part, and of the reading rules. */
export function picturesHash({ train, val, test }: Dataset, reading: unknown): string {
  const names = (samples: readonly Sample[]) => samples.map(({ id, stem }) => `${id} ${stem}`);
  const all = { train: names(train), val: names(val), test: names(test), reading };
  return sha256Hex("fedbaps/pictures/1", "\n", canonicalJson(all));
}

/** What differs, in words. */
export function differences(before: RunSettings, now: RunSettings): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names
    .filter((name) => before[name] !== now[name])
    .map((name) =>
      name.startsWith("--")
        ? `${name} was ${before[name] ?? "not given"}, is ${now[name] ?? "not given"}`
        : `${name} is another`,
    );
}
