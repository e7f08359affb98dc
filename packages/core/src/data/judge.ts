import type { Assembly } from "./assembly.js";
import type { DatasetError } from "./errors.js";
import { type Examined, equalPictures, partsById } from "./examine.js";
import { PARTS } from "./parts.js";
import type { Problem } from "./problem.js";
import type { Sample } from "./samples.js";
import type { Split } from "./split.js";
import { badCases, DEFAULT_TOLERANCE, refusal } from "./tolerance.js";

/** What becomes of a folder's cases. */
export interface Judgement {
  /** Why the data cannot be used; undefined if they can. */
  readonly error: DatasetError | undefined;
  /** All of them. */
  readonly problems: readonly Problem[];
  /** One problem for each case that is left out. */
  readonly leftOut: readonly Problem[];
  /** The others: they keep their numbers and parts. */
  readonly left: Split<Sample>;
  /** Good and bad cases. */
  readonly total: number;
  /** Images that no segmentation marks, though one marks others of their study. */
  readonly unused: number;
}

/** Codes of a frame that a DICOM segmentation holds but does not mark. */
const UNMARKED = ["MASK_EMPTY", "SEGMENTATION_UNMATCHED"];

/**
 * Slices that their segmentation, or the segments that are wanted of it, does not mark, where it marks others: nothing is
 * wrong with them, there is only nothing to click on.
 */
function unmarkedSlices(examined: readonly Examined[]): ReadonlySet<number> {
  const marking = new Set(examined.flatMap(({ sample, figures }) => (figures ? [sample.mask.path] : [])));
  const slices = examined.filter(
    ({ sample: { mask }, problems }) =>
      mask.kind === "dicom-seg" && marking.has(mask.path) && problems.some(({ code }) => UNMARKED.includes(code)),
  );
  return new Set(slices.map(({ sample }) => sample.id));
}

/** Parts that had cases and have none left. */
function emptied(before: Split<Sample>, left: Split<Sample>, folder: string, bad: number): Problem[] {
  return PARTS.filter((part) => before[part].length > 0 && left[part].length === 0).map((part) => ({
    severity: "fatal",
    code: "DATASET_PART_EMPTY",
    file: folder,
    message: `no case is left in ${part} once ${bad} bad cases are left out`,
    remedy: "each of train, val and test needs at least one",
  }));
}

/** Decides what can be used, from all that is known of every case. */
export function judge(assembly: Assembly, examined: readonly Examined[], tolerance = DEFAULT_TOLERANCE): Judgement {
  const { split, discovery } = assembly;
  const { folder } = discovery;
  const unmarked = unmarkedSlices(examined);
  const looked = examined.filter(({ sample }) => !unmarked.has(sample.id));
  const seen = [...looked.flatMap(({ problems }) => problems), ...equalPictures(looked, partsById(split))];
  const leftOut = badCases([...assembly.problems, ...seen]);
  const gone = new Set([...leftOut.flatMap(({ sample }) => sample ?? []), ...unmarked]);
  const total = assembly.total - unmarked.size;
  const kept = (part: readonly Sample[]) => part.filter(({ id }) => !gone.has(id));
  const left = { train: kept(split.train), val: kept(split.val), test: kept(split.test) };
  const problems = [...assembly.problems, ...seen, ...emptied(split, left, folder, leftOut.length)];
  const error = refusal(problems, { total, tolerance, folder });
  return { error, problems, leftOut, left, total, unused: discovery.unused + unmarked.size };
}
