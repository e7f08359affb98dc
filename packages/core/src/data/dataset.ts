import { assemble, type DatasetOptions } from "./assembly.js";
import type { Problem } from "./problem.js";
import type { Sample } from "./samples.js";
import type { Split } from "./split.js";
import { badCases, refusal } from "./tolerance.js";

export type { DatasetOptions, Material } from "./assembly.js";
export { DatasetError } from "./errors.js";
export { loadSample } from "./load.js";
export type { Sample } from "./samples.js";

/** A site's samples, in order of `id` within each part; no sample is in two parts. */
export interface Dataset extends Split<Sample> {
  /** Why cases were left out, one problem a case. Names files, so it stays at the site. */
  readonly leftOut?: readonly Problem[];
}

/**
 * Opens one site's folder, of any of the layouts in docs/data.md: `images/` and `masks/` with the same stems, `train`, `val`
 * and `test` with those two in each, a `manifest.csv`, nnU-Net's folders, or DICOM and NIfTI files beside their masks. Without
 * a split of its own the folder is split by the seed, by patient where patients are known; the outcome depends on the sorted
 * stems, on who belongs together and on the seed only. Reads names, headers and label maps, not pictures: `openUsable` does.
 *
 * @param options tolerance is 0 unless given: any case that is seen to be bad is an error
 * @throws DatasetError DATASET_MISSING, DATASET_EMPTY, DATASET_UNPAIRED, DATASET_DUPLICATE, DATASET_TOO_SMALL,
 *   DATASET_PART_EMPTY, DATASET_BAD_CASES, MANIFEST_INVALID, PATIENT_IN_TWO_SPLITS
 */
export async function openDataset(folder: string, options: DatasetOptions): Promise<Dataset> {
  const { problems, split, total } = await assemble(folder, options);
  const error = refusal(problems, { total, tolerance: options.tolerance ?? 0, folder });
  if (error) throw error;
  return { ...split, leftOut: badCases(problems) };
}
