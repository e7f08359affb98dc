import { FedBapsError } from "../common/errors.js";
import { norm2 } from "../math/vector.js";
import { ringScale, toRing } from "../secagg/quantize.js";

export type UpdateErrorCode =
  /** A site's own contribution is out of range: nothing is sent. */
  | "BAD_UPDATE"
  /** A sum that no honest cohort can have produced: the round must not be applied. */
  | "IMPOSSIBLE_SUM";

export class UpdateError extends FedBapsError<UpdateErrorCode> {}

/** What a site may report of a round. Each is there only if its policy lets it leave. */
export interface SiteMetrics {
  /** Dice of the current decoder on the site's validation split, in [0, 1]. */
  valDice?: number;
  /** The same without a decoder. */
  zeroShotValDice?: number;
  /** Mean training loss of the round; counted as at most 8. */
  trainLoss?: number;
}

/** Metrics in the order of their coordinates, with the bound of each. */
export const METRICS = [
  { name: "valDice", bound: 1 },
  { name: "zeroShotValDice", bound: 1 },
  { name: "trainLoss", bound: 8 },
] as const;

/**
 * Elements of the vector of one site: `parameterCount` update coordinates, one weight coordinate (images), then for each
 * metric its value and a count of 1, both 0 where it is not reported: the sums give the mean over those who did.
 */
export function updateLength(parameterCount: number): number {
  return sealedLength(parameterCount) + 2 * METRICS.length;
}

/**
 * How many of them, from the start, a sealed sum hides from the coordinator: the update and its weight. The metrics behind
 * them are what the sites' policies let the coordinator know of the cohort.
 */
export function sealedLength(parameterCount: number): number {
  return parameterCount + 1;
}

/**
 * The vector itself where its L2 norm is at most `clip`, else scaled down to it. The norm of what comes back is never
 * above `clip`, in spite of rounding to float32.
 * @throws UpdateError BAD_UPDATE for a vector that is not finite.
 */
export function clipToNorm(delta: Float32Array, clip: number): Float32Array {
  const norm = norm2(delta);
  if (!Number.isFinite(norm))
    throw new UpdateError("BAD_UPDATE", "this site's update is not finite: training diverged; lower the step size");
  if (norm <= clip) return delta.slice();
  // Each product is rounded by up to 2^-24 of itself.
  const factor = (clip / norm) * (1 - 2 ** -23);
  return delta.map((value) => value * factor);
}

/** The ring scale of the update coordinates: a site weighs at most 1, so no coordinate exceeds the clip bound. */
export function updateScale(cohortSize: number, clip: number): number {
  return ringScale({ parties: cohortSize, bound: clip });
}

/** @throws UpdateError BAD_UPDATE where so many images could wrap around in the sum. */
export function checkImageBound(cohortSize: number, maxImages: number): void {
  if (!Number.isInteger(maxImages) || maxImages < 1 || cohortSize * maxImages >= 2 ** 31)
    throw new UpdateError(
      "BAD_UPDATE",
      `maxImages ${maxImages} with ${cohortSize} sites does not fit 31 bits; lower it in the study`,
    );
}

/**
 * What a site contributes to the sum: its clipped difference times w = images / maxImages, its number of images, and
 * its metrics, as ring elements that cannot wrap around when `cohortSize` of them are added.
 * @param delta new minus shared parameters, length d. @param clip L2 bound of the study. @param images training images,
 *   1 or more; counted as at most `maxImages`.
 * @returns `updateLength(d)` ring elements.
 * @throws UpdateError BAD_UPDATE; SecAggError NO_HEADROOM or BAD_VALUE
 */
export function packUpdate({
  delta,
  clip,
  images,
  maxImages,
  metrics,
  cohortSize,
}: {
  delta: Float32Array;
  clip: number;
  images: number;
  maxImages: number;
  metrics: SiteMetrics;
  cohortSize: number;
}): Uint32Array {
  checkImageBound(cohortSize, maxImages);
  if (!Number.isInteger(images) || images < 1)
    throw new UpdateError("BAD_UPDATE", `a site contributes with 1 training image or more, not ${images}`);
  const counted = Math.min(images, maxImages);
  const weight = counted / maxImages;
  const weighted = Float64Array.from(clipToNorm(delta, clip), (value) => weight * value);

  const out = new Uint32Array(updateLength(delta.length));
  out.set(toRing(weighted, updateScale(cohortSize, clip), clip));
  out[delta.length] = counted;
  let next = delta.length + 1;
  for (const { name, bound } of METRICS) {
    const value = metrics[name];
    if (value !== undefined) {
      out.set(toRing([inRange(name, value, bound)], ringScale({ parties: cohortSize, bound }), bound), next);
      out[next + 1] = 1;
    }
    next += 2;
  }
  return out;
}

/** Losses beyond their bound are clamped; a Dice outside [0, 1] is a mistake. */
function inRange(name: string, value: number, bound: number): number {
  const clamped = name === "trainLoss" ? Math.min(Math.max(value, 0), bound) : value;
  if (!(clamped >= 0 && clamped <= bound))
    throw new UpdateError("BAD_UPDATE", `${name} is ${value}, which is not within 0 to ${bound}`, { metric: name });
  return clamped;
}
