import { extname } from "node:path";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { stemOf } from "@fedbaps/core/data/discovery/formats.js";
import { placeOf, type Task } from "./task.js";

/** What is written for a picture: `<base>-mask.png` and so on. One base means one set of files. */
export const ENDINGS = {
  mask: "-mask.png",
  overlay: "-overlay.png",
  probability: "-probability.png",
  segmentation: "-segmentation.dcm",
} as const;

/** The picture's place on this machine, as a hash; the same file has the same from every folder. */
export function originOf({ source, object = "" }: Task): string {
  return sha256Hex("fedbaps/prediction-origin/1", JSON.stringify([source.path, placeOf(source), object])).slice(0, 16);
}

/**
 * A base for every task, different without regard to upper and lower case: the picture's path below the folder without its
 * extension, with frame, slice and object. Pictures that differ in the extension alone keep it; what still meets another, or
 * is taken by another picture of an earlier run, has a few digits of its origin behind it.
 *
 * @param taken the origin of the picture that an earlier run left under a base
 */
export function basesOf(tasks: readonly Task[], taken: (base: string) => string | undefined): string[] {
  const ways = [
    (task: Task) => withPlace(stemOf(task.image), task),
    (task: Task) => withPlace(`${stemOf(task.image)}-${extname(task.image).slice(1)}`, task),
    (task: Task) => `${withPlace(stemOf(task.image), task)}-${originOf(task).slice(0, 8)}`,
    (task: Task) => `${withPlace(stemOf(task.image), task)}-${originOf(task)}`,
  ];
  const bases = new Array<string>(tasks.length);
  const used = new Set<string>();
  let open = tasks.map((_, i) => i);
  for (const way of ways) {
    const wanted = open.map((i) => way(tasks[i]));
    const counts = new Map<string, number>();
    for (const base of wanted) counts.set(base.toLowerCase(), (counts.get(base.toLowerCase()) ?? 0) + 1);
    const left: number[] = [];
    for (const [n, i] of open.entries()) {
      const lower = wanted[n].toLowerCase();
      const holder = taken(wanted[n]);
      const free = holder === undefined || holder === originOf(tasks[i]);
      if (counts.get(lower) === 1 && !used.has(lower) && free) {
        bases[i] = wanted[n];
        used.add(lower);
      } else left.push(i);
    }
    open = left;
  }
  // Two lines of one list about the same picture and object are one prompt, so that nothing is left here.
  if (open.length > 0) throw new Error(`two tasks are the same: ${tasks[open[0]].image}`);
  return bases;
}

function withPlace(stem: string, { source, object }: Task): string {
  const words = [placeOf(source), object === undefined ? "" : `object ${object}`].filter(Boolean);
  // Of an object's name only what every file system takes.
  return [stem, ...words.map((word) => word.replaceAll(/[^A-Za-z0-9_.]+/g, "-"))].join("-");
}
