import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { openSum } from "@fedbaps/core/federation/aggregation.js";
import { UpdateError, updateLength } from "@fedbaps/core/federation/update.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import type { RoundMetrics } from "../store/round-repository.js";

/** Elements of the masked vector of this study. */
export function vectorLengthOf(study: StudySpec): number {
  return updateLength(parameterCount(study.decoder));
}

/**
 * The cohort's own metrics, which ride in the sum. The coordinator shows them and does nothing else with a sum: models
 * are made of the sums at the sites.
 * @throws UpdateError IMPOSSIBLE_SUM for a sum that no site could apply
 */
export function metricsOf(
  study: StudySpec,
  sum: Uint32Array,
  cohortSize: number,
  survivors: readonly string[],
): RoundMetrics {
  const { clip, maxImages, decoder } = study;
  try {
    const opened = openSum({ sum, parameterCount: parameterCount(decoder), cohortSize, survivors, clip, maxImages });
    const figures = { images: opened.images, ...opened.metrics };
    const known = (entry: [string, number | undefined]): entry is [string, number] => entry[1] !== undefined;
    return Object.fromEntries(Object.entries(figures).filter(known));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UpdateError("IMPOSSIBLE_SUM", "this round's sum cannot be read", {}, { cause: error });
  }
}
