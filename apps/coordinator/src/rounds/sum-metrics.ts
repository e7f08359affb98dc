import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { openSealedMetrics, openSum } from "@fedbaps/core/federation/aggregation.js";
import { UpdateError, updateLength } from "@fedbaps/core/federation/update.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import type { RoundMetrics } from "../store/round-repository.js";

/** Elements of the masked vector of this study. */
export function vectorLengthOf(study: StudySpec): number {
  return updateLength(parameterCount(study.decoder));
}

/**
 * The cohort's own metrics, which ride in the sum. The coordinator shows them and does nothing else with a sum: models
 * are made of the sums at the sites. Of a sealed sum it can read no more than the metrics.
 * @throws UpdateError IMPOSSIBLE_SUM for a sum that no site could apply
 */
export function metricsOf(
  study: StudySpec,
  sum: Uint32Array,
  cohortSize: number,
  survivors: readonly string[],
): RoundMetrics {
  const { clip, maxImages, decoder } = study;
  const count = parameterCount(decoder);
  try {
    if (study.sealed) return withoutGaps({ ...openSealedMetrics(sum, count, cohortSize, survivors) });
    const opened = openSum({ sum, parameterCount: count, cohortSize, survivors, clip, maxImages });
    return withoutGaps({ images: opened.images, ...opened.metrics });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UpdateError("IMPOSSIBLE_SUM", "this round's sum cannot be read", {}, { cause: error });
  }
}

function withoutGaps(figures: Record<string, number | undefined>): RoundMetrics {
  const known = (entry: [string, number | undefined]): entry is [string, number] => entry[1] !== undefined;
  return Object.fromEntries(Object.entries(figures).filter(known));
}
