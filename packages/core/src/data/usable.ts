import { assemble, type DatasetOptions } from "./assembly.js";
import type { Dataset } from "./dataset.js";
import { equalPictures, examine, partsById } from "./examine.js";
import { emptyParts, type Sample } from "./samples.js";
import { badCases, DEFAULT_TOLERANCE, refusal } from "./tolerance.js";

/**
 * Opens a folder as `openDataset` does and reads every picture and mask once, so that a bad one is found before anything
 * is paid for. Cases that cannot be used are left out of their parts, and told, as long as they are no larger a share than
 * `tolerance` (0.05 unless given); the others keep their numbers and parts.
 *
 * @throws DatasetError what `openDataset` throws; DATASET_BAD_CASES above the tolerance; DATASET_PART_EMPTY
 */
export async function openUsable(folder: string, options: DatasetOptions): Promise<Dataset> {
  const { problems, split, samples, total } = await assemble(folder, options);
  const judged = { total, tolerance: options.tolerance ?? DEFAULT_TOLERANCE, folder };
  const first = refusal(problems, judged);
  if (first) throw first;
  const examined = await examine(samples, options);
  const found = [...problems, ...examined.flatMap((one) => one.problems), ...equalPictures(examined, partsById(split))];
  const bad = badCases(found);
  const gone = new Set(bad.flatMap(({ sample }) => sample ?? []));
  const kept = (part: readonly Sample[]) => part.filter(({ id }) => !gone.has(id));
  const left = { train: kept(split.train), val: kept(split.val), test: kept(split.test) };
  const empty = emptyParts(left, folder, ` once ${bad.length} bad cases are left out`);
  const error = refusal([...found, ...empty], judged);
  if (error) throw error;
  return { ...left, leftOut: bad };
}
