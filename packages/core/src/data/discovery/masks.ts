import { readSegmentation } from "../../dicom/segmentation.js";
import { mapLimited } from "../limited.js";
import { type Problem, problemOf } from "../problem.js";
import type { FoundFile } from "./formats.js";

/** Endings by which people mark a mask: ISIC_0000000_segmentation.png for ISIC_0000000.jpg. */
const ENDINGS = ["_mask", "_segmentation", "_seg", "-mask"];

/** The stem that a mask's stem stands for, where it has one of the usual endings. */
export function withoutEnding(stem: string): string | undefined {
  const lower = stem.toLowerCase();
  const ending = ENDINGS.find((candidate) => lower.endsWith(candidate) && lower.length > candidate.length);
  return ending && stem.slice(0, -ending.length);
}

/** Frames' numbers are filled up with zeros to so many digits at most. */
const MOST_DIGITS = 6;

/** One segmentation of one frame. */
export interface Cover {
  readonly path: string;
  /** From 0. */
  readonly frame: number;
}

/** The masks of a shelf, to be looked up. */
export class MaskIndex {
  readonly #byStem = new Map<string, FoundFile[]>();
  readonly #byBase = new Map<string, FoundFile[]>();
  readonly #byName = new Map<string, FoundFile[]>();
  readonly #covers: ReadonlyMap<string, readonly Cover[]>;

  private constructor(masks: readonly FoundFile[], covers: ReadonlyMap<string, readonly Cover[]>) {
    for (const mask of masks) {
      add(this.#byStem, mask.stem, mask);
      const base = withoutEnding(mask.stem);
      if (base !== undefined) add(this.#byBase, base, mask);
      const name = mask.stem.slice(mask.stem.lastIndexOf("/") + 1);
      add(this.#byName, name, mask);
    }
    this.#covers = covers;
  }

  /** Reads the segmentations' headers. What cannot be read is among the problems. */
  static async of(
    masks: readonly FoundFile[],
    segmentations: readonly FoundFile[],
  ): Promise<{ index: MaskIndex; problems: Problem[] }> {
    const covers = new Map<string, Cover[]>();
    const problems: Problem[] = [];
    const read = await mapLimited(segmentations, 2, async ({ path }) => {
      try {
        return { path, covered: (await readSegmentation(path)).covers };
      } catch (error) {
        problems.push(problemOf(error, path));
        return { path, covered: [] };
      }
    });
    for (const { path, covered } of read)
      for (const { instance, frame } of covered) {
        const known = covers.get(instance)?.some((cover) => cover.path === path && cover.frame === frame);
        if (!known) add(covers, instance, { path, frame });
      }
    return { index: new MaskIndex(masks, covers), problems };
  }

  /**
   * Masks of a stem: those of the same, else those of the same with a usual ending, else those called as the image's SOP
   * Instance UID, in whatever folder.
   */
  named(stem: string, instance?: string): readonly FoundFile[] {
    // Broken writers leave the identifier empty.
    const byInstance = !instance ? undefined : this.#byName.get(instance);
    return this.#byStem.get(stem) ?? this.#byBase.get(stem) ?? byInstance ?? [];
  }

  /** Masks of single frames, `STEM_3` or `STEM-003`, by the frame's number from 1. */
  ofFrames(stem: string, instance: string, frames: number): ReadonlyMap<number, readonly FoundFile[]> {
    const found = new Map<number, FoundFile[]>();
    for (let frame = 1; frame <= frames; frame++)
      for (const mark of ["_", "-"])
        for (let digits = String(frame).length; digits <= MOST_DIGITS; digits++) {
          const number = `${mark}${String(frame).padStart(digits, "0")}`;
          for (const mask of this.named(`${stem}${number}`, `${instance}${number}`)) add(found, frame, mask);
        }
    return found;
  }

  /** What DICOM segmentations cover of an image. */
  covering(instance: string): readonly Cover[] {
    return (instance && this.#covers.get(instance)) || [];
  }

  /** Segmentations of which nothing fits: those that cover images, none of them known. */
  strangers(instances: ReadonlySet<string>): string[] {
    const fits = new Map<string, boolean>();
    for (const [instance, covers] of this.#covers)
      for (const { path } of covers) fits.set(path, (fits.get(path) ?? false) || instances.has(instance));
    return [...fits].filter(([, some]) => !some).map(([path]) => path);
  }
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
