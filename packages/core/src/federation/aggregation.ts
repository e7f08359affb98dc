import { sealLayer } from "../secagg/epoch.js";
import { addMask, inverse } from "../secagg/masks.js";
import { fromRingSum, ringScale } from "../secagg/quantize.js";
import type { RoundReference } from "../wire/secagg-messages.js";
import {
  checkImageBound,
  METRICS,
  type SiteMetrics,
  sealedLength,
  UpdateError,
  updateLength,
  updateScale,
} from "./update.js";

/** What a completed round says about its cohort, and nothing about any one site. */
export interface OpenedSum {
  /** sum_i w_i delta_i / sum_i w_i, length d, with w_i proportional to the images of site i. */
  meanUpdate: Float32Array;
  /** Training images of all survivors together. */
  images: number;
  /** How many sites are in the sum. */
  sites: number;
  /** Mean of each metric over the sites that reported it; absent where none did. */
  metrics: SiteMetrics;
}

/**
 * Reads the sum of `packUpdate` vectors. Deterministic: the sum is made of integers, and each coordinate of the mean is
 * one division in float64, rounded once to float32.
 *
 * Sites that follow the protocol cannot produce a sum beyond what is checked here. One that does not can spoil a round,
 * but never move the mean further than `clip`.
 * @param sum `updateLength(parameterCount)` ring elements. @param cohortSize sites at the start of the round, which the
 *   scale was derived from. @param survivors sites in the sum.
 * @throws UpdateError IMPOSSIBLE_SUM
 */
export function openSum({
  sum,
  parameterCount,
  cohortSize,
  survivors,
  clip,
  maxImages,
}: {
  sum: Uint32Array;
  parameterCount: number;
  cohortSize: number;
  survivors: readonly string[];
  clip: number;
  maxImages: number;
}): OpenedSum {
  checkImageBound(cohortSize, maxImages);
  const sites = survivors.length;
  if (sum.length !== updateLength(parameterCount))
    throw impossible(`it has ${sum.length} elements instead of ${updateLength(parameterCount)}`);
  if (sites < 1 || sites > cohortSize) throw impossible(`${sites} sites of a cohort of ${cohortSize} are in it`);
  const images = sum[parameterCount];
  if (images < sites || images > sites * maxImages)
    throw impossible(`${sites} sites report ${images} images; each may count for 1 to ${maxImages}`);
  return {
    meanUpdate: meanOf(sum.subarray(0, parameterCount), {
      scale: updateScale(cohortSize, clip),
      weight: images / maxImages,
      sites,
      clip,
    }),
    images,
    sites,
    metrics: openMetrics(sum.subarray(parameterCount + 1), cohortSize, sites),
  };
}

function meanOf(
  sum: Uint32Array,
  { scale, weight, sites, clip }: { scale: number; weight: number; sites: number; clip: number },
): Float32Array {
  const total = fromRingSum(sum, scale);
  const mean = new Float32Array(total.length);
  let squares = 0;
  for (let i = 0; i < mean.length; i++) {
    const value = total[i] / weight;
    squares += value * value;
    mean[i] = value;
  }
  // Each site's coordinate was rounded by up to half a step.
  const rounding = (Math.sqrt(mean.length) * sites * 0.5) / scale / weight;
  const norm = Math.sqrt(squares);
  if (norm > clip * (1 + 1e-6) + rounding)
    throw impossible(`its mean has norm ${norm.toPrecision(4)}, but every site's update is clipped to ${clip}`);
  return mean;
}

function openMetrics(sum: Uint32Array, cohortSize: number, sites: number): SiteMetrics {
  const metrics: SiteMetrics = {};
  METRICS.forEach(({ name, bound }, i) => {
    const count = sum[2 * i + 1];
    if (count > sites) throw impossible(`${count} of ${sites} sites report ${name}`);
    const scale = ringScale({ parties: cohortSize, bound });
    const total = fromRingSum(sum.subarray(2 * i, 2 * i + 1), scale)[0];
    if (total < 0 || total > count * (bound + 0.5 / scale))
      throw impossible(`${name} adds up to ${total} over ${count} sites, each within 0 to ${bound}`);
    if (count > 0) metrics[name] = Math.min(total / count, bound);
  });
  return metrics;
}

function impossible(problem: string): UpdateError {
  return new UpdateError("IMPOSSIBLE_SUM", `this round's sum cannot be right and is not applied: ${problem}`);
}

/**
 * What the coordinator can read of a sealed sum: the metrics of the cohort, which are not sealed.
 * @throws UpdateError IMPOSSIBLE_SUM
 */
export function openSealedMetrics(
  sum: Uint32Array,
  parameterCount: number,
  cohortSize: number,
  survivors: readonly string[],
): SiteMetrics {
  if (sum.length !== updateLength(parameterCount))
    throw impossible(`it has ${sum.length} elements instead of ${updateLength(parameterCount)}`);
  return openMetrics(sum.subarray(sealedLength(parameterCount)), cohortSize, survivors.length);
}

/**
 * Takes the seals of all survivors off a sum: what only holders of the epoch's key can do.
 * @returns a new vector.
 */
export function unsealSum(
  sum: Uint32Array,
  parameterCount: number,
  { key, reference, survivors }: { key: Uint8Array; reference: RoundReference; survivors: readonly string[] },
): Uint32Array {
  const opened = sum.slice();
  const sealed = opened.subarray(0, sealedLength(parameterCount));
  for (const site of survivors) addMask(sealed, inverse(sealLayer(key, reference, site)));
  return opened;
}

/**
 * The parameters after the round: theta + meanUpdate, as a new vector.
 * @throws UpdateError IMPOSSIBLE_SUM for vectors of different lengths.
 */
export function applyMean(theta: Float32Array, meanUpdate: Float32Array): Float32Array {
  if (theta.length !== meanUpdate.length)
    throw impossible(`the decoder has ${theta.length} parameters, the mean ${meanUpdate.length}`);
  return theta.map((value, i) => value + meanUpdate[i]);
}
