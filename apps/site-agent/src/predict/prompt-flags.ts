import { readFile } from "node:fs/promises";
import type { Prompt, PromptBox, PromptPoint } from "@fedbaps/core/blackbox/model.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { csvText } from "@fedbaps/core/data/csv-text.js";
import { boxOfCorners, type ListedPrompt, parsePromptList } from "@fedbaps/core/data/prompt-list.js";
import { InvalidArgumentError } from "commander";

export interface PromptFlags {
  readonly point?: readonly Pick<PromptPoint, "x" | "y">[];
  readonly label?: readonly (0 | 1)[];
  readonly box?: PromptBox;
  readonly points?: string;
}

function numbers(text: string, count: number, form: string): number[] {
  const values = text.split(",").map((part) => (/^\s*-?\d+(\.\d+)?\s*$/.test(part) ? Number(part) : Number.NaN));
  if (values.length !== count || !values.every(Number.isFinite))
    throw new InvalidArgumentError(`give ${form} in pixels of the picture.`);
  return values;
}

/** For commander: `x,y`, once for each point. */
export function collectPoint(text: string, before: PromptFlags["point"] = []): NonNullable<PromptFlags["point"]> {
  const [x, y] = numbers(text, 2, "x,y");
  return [...before, { x, y }];
}

/** For commander: what the points say, in their order. */
export function collectLabel(text: string, before: PromptFlags["label"] = []): NonNullable<PromptFlags["label"]> {
  if (text !== "0" && text !== "1") throw new InvalidArgumentError("give 1 (foreground) or 0 (background).");
  return [...before, text === "1" ? 1 : 0];
}

/** For commander: `x0,y0,x1,y1`. */
export function parseBox(text: string): PromptBox {
  const corners = numbers(text, 4, "x0,y0,x1,y1");
  try {
    return boxOfCorners(corners);
  } catch (error) {
    throw new InvalidArgumentError(`${messageOf(error)}.`);
  }
}

/**
 * The one prompt of the flags, or the list that was named.
 * @throws UsageError where there is neither, or both, or the list is faulty
 */
export async function promptsOf(flags: PromptFlags): Promise<Prompt | readonly ListedPrompt[]> {
  const { point = [], label = [], box, points: list } = flags;
  if (label.length > point.length)
    throw new UsageError(
      `${label.length} labels for ${point.length} points; give one --label for each --point at most`,
    );
  const given = point.length > 0 || box !== undefined;
  if (list !== undefined) {
    if (given) throw new UsageError("give --points FILE, or --point and --box, not both");
    const bytes = await readFile(list).catch((error: unknown) => {
      throw new UsageError(`--points ${list}: cannot be read (${messageOf(error)}); check the path`);
    });
    return parsePromptList(csvText(bytes), list);
  }
  if (!given) throw new UsageError("where is it? Give --point x,y, --box x0,y0,x1,y1, or --points FILE");
  const points = point.map(({ x, y }, i) => ({ x, y, label: label[i] ?? 1 }) as const);
  return box ? { points, box } : { points };
}
