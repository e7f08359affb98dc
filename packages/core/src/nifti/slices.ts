import type { Plane } from "../data/sources.js";
import { insideOf } from "./mask.js";
import { inTurns, TURN } from "./turns.js";
import { ACROSS, openVolume, type Volume } from "./volume.js";

/**
 * Which slices of a labelled volume are used: all; those where something is marked; the one where most is marked; or of the
 * marked ones the first and every n-th after it.
 */
export type SliceRule = "all" | "labelled" | "largest" | { readonly every: number };

/** A slice where something is marked. */
export interface LabelledSlice {
  /** From 0, towards superior, anterior or right. */
  readonly index: number;
  /** Voxels inside: pixels before they are made square. */
  readonly pixels: number;
}

/** How many slices a volume has in a plane. */
export function sliceCount(volume: Volume, plane: Plane): number {
  return volume.shape[ACROSS[plane]];
}

/**
 * The slices of a label map where something is marked, by rising index.
 * @param labels which count; all but 0 unless named
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function labelledSlices(path: string, plane: Plane, labels?: readonly number[]): Promise<LabelledSlice[]> {
  const volume = await openVolume(path);
  const { shape, steps, first } = volume;
  const inside = insideOf(volume, labels);
  const across = ACROSS[plane];
  // Along the shortest step innermost: the order of the memory.
  const [slow, middle, fast] = ([0, 1, 2] as const).toSorted((a, b) => Math.abs(steps[b]) - Math.abs(steps[a]));
  const pixels = new Float64Array(shape[across]);
  const at = [0, 0, 0];
  const countRow = () => {
    let from = first + at[slow] * steps[slow] + at[middle] * steps[middle];
    for (let i = 0; i < shape[fast]; i++, from += steps[fast])
      if (inside(from)) pixels[across === fast ? i : at[across]]++;
  };
  const perTurn = Math.max(1, Math.floor(TURN / (shape[middle] * shape[fast])));
  await inTurns(
    shape[slow],
    (from, to) => {
      for (at[slow] = from; at[slow] < to; at[slow]++)
        for (at[middle] = 0; at[middle] < shape[middle]; at[middle]++) countRow();
    },
    perTurn,
  );
  return Array.from(pixels, (count, index) => ({ index, pixels: count })).filter(({ pixels }) => pixels > 0);
}

/**
 * The slices of a label map that a rule chooses, by rising index; of slices that are equally large the first. None where
 * nothing is marked, but for "all".
 * @param labels which count; all but 0 unless named
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE; RangeError unless `every` is a whole number >= 1
 */
export async function chooseSlices(
  path: string,
  plane: Plane,
  rule: SliceRule,
  labels?: readonly number[],
): Promise<number[]> {
  if (typeof rule === "object" && !(Number.isInteger(rule.every) && rule.every >= 1))
    throw new RangeError(`every must be a whole number >= 1, not ${rule.every}`);
  if (rule === "all") return Array.from({ length: sliceCount(await openVolume(path), plane) }, (_, i) => i);
  const marked = await labelledSlices(path, plane, labels);
  if (rule === "labelled") return marked.map(({ index }) => index);
  if (rule !== "largest") return marked.filter((_, i) => i % rule.every === 0).map(({ index }) => index);
  const largest = Math.max(0, ...marked.map(({ pixels }) => pixels));
  return marked
    .filter(({ pixels }) => pixels === largest)
    .slice(0, 1)
    .map(({ index }) => index);
}
