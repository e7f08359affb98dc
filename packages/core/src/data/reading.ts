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

/** A rule of several forms; whichever it resembles, a wrong one is told what may stand there. */
function rule<S extends z.ZodType>(forms: S, error: string) {
  return z.unknown().transform((given, context): z.output<S> => {
    const { success, data } = forms.safeParse(given);
    if (success) return data;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}

/** Numbers from 1: a list, one alone, or text. */
const list = z.array(z.number().int().min(1)).min(1);
const numbers = z.union([
  list,
  z
    .number()
    .transform((only) => [only])
    .pipe(list),
  z
    .string()
    .regex(/^\d+(\s*,\s*\d+)*$/)
    .transform((text) => text.split(",").map(Number))
    .pipe(list),
]);

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

/** The rules one by one: in a file's own forms, or in the short text of a command line (`1,5`, `40,400`, `every:3`). */
export const readingFields = {
  frames: rule(
    z.union([z.enum(["first", "middle", "all"]), numbers]),
    "use first, middle, all or the frames' numbers from 1, as in 1,5",
  ),
  window: rule(
    z.union([z.enum(["file", "percentiles"]), window, windowText]),
    "use file, percentiles or center,width, as in 40,400",
  ),
  plane: z.enum(PLANES, { error: `use ${PLANES.join(", ")}` }),
  slices: rule(
    z.union([z.enum(["labelled", "largest"]), every, everyText]),
    "use labelled, largest or every:N, as in every:5",
  ),
  labels: rule(numbers, "use the labels' numbers from 1, as in 1,3 (0 is the background)"),
  segments: rule(numbers, "use the segments' numbers from 1, as in 1,3"),
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
