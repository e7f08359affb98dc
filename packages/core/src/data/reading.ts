import { z } from "zod";
import type { Plane, WindowRule } from "./sources.js";

/** Which frames of a DICOM file of several are used; a list counts from 1. */
export type FrameRule = "first" | "middle" | "all" | readonly number[];

/** Which of a volume's labelled slices are used. Slices without a label are never used: there is nothing to click on. */
export type SliceRule = "labelled" | "largest" | { readonly every: number };

/** How pictures and masks are read where the files leave a choice. */
export interface ReadingRules {
  /** Without a rule, the frames that have a mask; a mask without a frame's number is the first frame's. */
  readonly frames?: FrameRule;
  /** Without a rule, "file". */
  readonly window?: WindowRule;
  readonly plane: Plane;
  readonly slices: SliceRule;
  /** Labels of a label map that are inside; all but 0 without. */
  readonly labels?: readonly number[];
  /** Numbers of the segments of a DICOM segmentation that are inside; all without. */
  readonly segments?: readonly number[];
}

/**
 * Every fifth labelled slice: neighbours show nearly the same and would cost queries without news, while one slice of
 * each volume would leave small sites too few cases.
 */
export const DEFAULT_READING: ReadingRules = { plane: "axial", slices: { every: 5 } };

export const PLANES = ["axial", "coronal", "sagittal"] as const;

/** Numbers from `least` on: a list, one alone, or text. */
const numbers = (least: number, error: string) => {
  const list = z.array(z.number().int().min(least)).min(1);
  const one = z.number().int().min(least);
  const text = z.string().regex(/^\d+(\s*,\s*\d+)*$/);
  return z.union(
    [list, one.transform((only) => [only]), text.transform((given) => given.split(",").map(Number)).pipe(list)],
    { error },
  );
};

const window = z.strictObject({ center: z.number(), width: z.number().positive() });
const windowText = z
  .string()
  .regex(/^-?\d+(\.\d+)?\s*,\s*\d+(\.\d+)?$/)
  .transform((text) => {
    const [center, width] = text.split(",").map(Number);
    return { center, width };
  })
  .pipe(window);

const every = z.strictObject({ every: z.number().int().min(1) });
const everyText = z
  .string()
  .regex(/^every\s*:\s*[1-9]\d*$/)
  .transform((text) => ({ every: Number(text.slice(text.indexOf(":") + 1)) }));

const FRAMES = "use first, middle, all or the frames' numbers from 1, as in 1,5";

/** The rules one by one: in a file's own forms, or in the short text of a command line (`1,5`, `40,400`, `every:3`). */
export const readingFields = {
  frames: z.union([z.enum(["first", "middle", "all"]), numbers(1, FRAMES)], { error: FRAMES }),
  window: z.union([z.enum(["file", "percentiles"]), window, windowText], {
    error: "use file, percentiles or center,width, as in 40,400",
  }),
  plane: z.enum(PLANES, { error: `use ${PLANES.join(", ")}` }),
  slices: z.union([z.enum(["labelled", "largest"]), every, everyText], {
    error: "use labelled, largest or every:N, as in every:5",
  }),
  labels: numbers(1, "use the labels' numbers from 1, as in 1,3 (0 is the background)"),
  segments: numbers(1, "use the segments' numbers from 1, as in 1,3"),
};

/** Any of the rules. */
export const readingSchema = z.strictObject({
  frames: readingFields.frames.nullish(),
  window: readingFields.window.nullish(),
  plane: readingFields.plane.nullish(),
  slices: readingFields.slices.nullish(),
  labels: readingFields.labels.nullish(),
  segments: readingFields.segments.nullish(),
});

/** Some rules, the others left open. */
export type SomeRules = { readonly [Rule in keyof ReadingRules]?: ReadingRules[Rule] | null | undefined };

/** The rules in force: of each, the first that is given, else the default. */
export function readingRules(...given: readonly (SomeRules | null | undefined)[]): ReadingRules {
  const merged: Record<string, unknown> = { ...DEFAULT_READING };
  for (const rules of [...given].reverse())
    for (const [name, value] of Object.entries(rules ?? {})) if (value != null) merged[name] = value;
  return merged as unknown as ReadingRules;
}
