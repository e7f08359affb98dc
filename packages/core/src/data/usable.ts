import { assemble, type DatasetOptions } from "./assembly.js";
import type { Dataset } from "./dataset.js";
import { examine } from "./examine.js";
import { judge } from "./judge.js";
import { DEFAULT_TOLERANCE, refusal } from "./tolerance.js";

/**
 * Opens a folder as `openDataset` does and reads every picture and mask once, so that a bad one is found before anything
 * is paid for. Cases that cannot be used are left out of their parts, and told, as long as they are no larger a share than
 * `tolerance` (0.05 unless given); the others keep their numbers and parts.
 *
 * @throws DatasetError what `openDataset` throws; DATASET_BAD_CASES above the tolerance; DATASET_PART_EMPTY
 */
export async function openUsable(folder: string, options: DatasetOptions): Promise<Dataset> {
  const assembly = await assemble(folder, options);
  const { tolerance = DEFAULT_TOLERANCE } = options;
  const soon = refusal(assembly.problems, { total: assembly.total, tolerance, folder });
  if (soon) throw soon;
  const { error, left, leftOut } = judge(assembly, await examine(assembly.samples, options), tolerance);
  if (error) throw error;
  return { ...left, leftOut };
}
