import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { stemOf } from "@fedbaps/core/data/discovery/formats.js";
import { firstFew } from "@fedbaps/core/data/problem.js";
import type { ListedPrompt } from "@fedbaps/core/data/prompt-list.js";
import type { PictureSource, Plane, WindowRule } from "@fedbaps/core/data/sources.js";
import { sliceCount } from "@fedbaps/core/nifti/slices.js";
import { openVolume } from "@fedbaps/core/nifti/volume.js";
import type { Input } from "./inputs.js";
import type { Task } from "./task.js";

/** How pictures are read where the file leaves a choice. */
export interface Where {
  /** From 1. */
  readonly frame?: number;
  /** From 1. */
  readonly slice?: number;
  readonly plane: Plane;
  readonly window?: WindowRule;
}

/** A picture that cannot be read as asked; the others can. */
export interface Refused {
  readonly image: string;
  readonly error: unknown;
}

export interface Plan {
  readonly tasks: readonly Task[];
  readonly refused: readonly Refused[];
  /** Pictures for which the list holds no prompt. */
  readonly unlisted: number;
}

/** The same prompt for every picture. */
export async function planSame(inputs: readonly Input[], prompt: Prompt, where: Where): Promise<Plan> {
  const tasks: Task[] = [];
  const refused: Refused[] = [];
  for (const input of inputs)
    await sourceOf(input, where)
      .then((source) => tasks.push({ image: input.name, source, prompt }))
      .catch((error: unknown) => refused.push({ image: input.name, error }));
  return { tasks, refused, unlisted: 0 };
}

/**
 * The prompts of a list, in the order of the pictures. A line names a picture by its path below the folder, or by its name
 * with or without the extension where only one is called so.
 * @param file how to name the list in an error @param partly whether the list may be of more pictures than these
 * @throws UsageError naming the lines whose picture is not there, or is not the only one
 */
export async function planListed(
  inputs: readonly Input[],
  listed: readonly ListedPrompt[],
  { file, partly, where }: { readonly file: string; readonly partly: boolean; readonly where: Where },
): Promise<Plan> {
  const find = finder(inputs);
  const faults: string[] = [];
  const of = new Map<Input, ListedPrompt[]>();
  for (const entry of listed) {
    const found = find(entry.image);
    if (found.length === 1) of.set(found[0], [...(of.get(found[0]) ?? []), entry]);
    else if (!partly || found.length > 1)
      faults.push(
        `line ${entry.line}: ${found.length === 0 ? "no picture" : "more than one picture"} is called ${entry.image}`,
      );
  }
  if (faults.length > 0)
    throw new UsageError(`${file}: ${firstFew(faults)}; write the path below the folder`, { faults });
  if (of.size === 0 && inputs.length > 0)
    throw new UsageError(`${file}: holds no prompt for ${inputs[0].name}; add a line with its name`);
  const tasks: Task[] = [];
  const refused: Refused[] = [];
  for (const input of inputs)
    for (const { object, frame, slice, prompt } of of.get(input) ?? []) {
      const own = { ...where, ...(frame === undefined ? {} : { frame }), ...(slice === undefined ? {} : { slice }) };
      await sourceOf(input, own)
        .then((source) =>
          tasks.push({ image: input.name, source, prompt, ...(object === undefined ? {} : { object }) }),
        )
        .catch((error: unknown) => refused.push({ image: input.name, error }));
    }
  return { tasks, refused, unlisted: inputs.filter((input) => !of.has(input)).length };
}

function finder(inputs: readonly Input[]): (image: string) => readonly Input[] {
  const last = (name: string) => name.slice(name.lastIndexOf("/") + 1);
  const ways = [
    (name: string) => name,
    (name: string) => stemOf(name),
    (name: string) => last(name),
    (name: string) => stemOf(last(name)),
  ];
  const tables = ways.map((way) => {
    const table = new Map<string, Input[]>();
    for (const input of inputs) table.set(way(input.name), [...(table.get(way(input.name)) ?? []), input]);
    return table;
  });
  return (image) => tables.map((table) => table.get(image) ?? []).find((found) => found.length > 0) ?? [];
}

/** @throws UsageError where a frame or slice has to be named, or is not there; ImageError for a volume that cannot be read */
async function sourceOf({ name, file }: Input, where: Where): Promise<PictureSource> {
  const { path } = file;
  const window = where.window === undefined ? {} : { window: where.window };
  if (file.kind === "picture") return { kind: "picture", path };
  if (file.kind === "nifti") {
    const { plane } = where;
    const count = sliceCount(await openVolume(path), plane);
    const index = pick(name, `${plane} slices`, "slice", where.slice, count);
    return { kind: "nifti", path, plane, index, ...window };
  }
  const frame = pick(name, "frames", "frame", where.frame, file.header?.frames ?? 1);
  return { kind: "dicom", path, frame, ...window };
}

/** From 0. */
function pick(name: string, nouns: string, flag: string, asked: number | undefined, count: number): number {
  if (asked === undefined && count > 1)
    throw new UsageError(`${name}: has ${count} ${nouns}; say which with --${flag} 1 to ${count}, or in the list`);
  if (asked !== undefined && asked > count)
    throw new UsageError(`${name}: has ${count} ${nouns}, so no ${flag} ${asked}; give 1 to ${count}`);
  return (asked ?? 1) - 1;
}
