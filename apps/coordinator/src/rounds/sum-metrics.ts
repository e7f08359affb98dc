import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { openSum } from "@fedbaps/core/federation/aggregation.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import type { RoundMetrics } from "../store/round-repository.js";

/** Elements of the masked vector of this study. */
export function vectorLengthOf(study: StudySpec): number {
  return updateLength(parameterCount(study.decoder));
}

/**
 * The cohort's own metrics, which ride in the sum. The coordinator shows them and does nothing else with a sum: models
 * are made of the sums at the sites.
 */
export function metricsOf(
  study: StudySpec,
  sum: Uint32Array,
  cohortSize: number,
  survivors: readonly string[],
): RoundMetrics {
  const { clip, maxImages, decoder } = study;
  const opened = openSum({ sum, parameterCount: parameterCount(decoder), cohortSize, survivors, clip, maxImages });
  const figures = { images: opened.images, ...opened.metrics };
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
}
