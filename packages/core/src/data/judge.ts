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
  const { split, total, discovery } = assembly;
  const { folder } = discovery;
  const seen = [...examined.flatMap(({ problems }) => problems), ...equalPictures(examined, partsById(split))];
  const leftOut = badCases([...assembly.problems, ...seen]);
  const gone = new Set(leftOut.flatMap(({ sample }) => sample ?? []));
  const kept = (part: readonly Sample[]) => part.filter(({ id }) => !gone.has(id));
  const left = { train: kept(split.train), val: kept(split.val), test: kept(split.test) };
  const problems = [...assembly.problems, ...seen, ...emptied(split, left, folder, leftOut.length)];
  return { error: refusal(problems, { total, tolerance, folder }), problems, leftOut, left };
}
