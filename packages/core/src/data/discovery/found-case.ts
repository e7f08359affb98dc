import type { Part } from "../parts.js";
import type { Problem } from "../problem.js";
import type { MaskSource, PictureSource } from "../sources.js";

/** Whose picture it is: an identifier of the patient, or of a study or a file, each of one patient. Never leaves. */
export interface KnownPatient {
  readonly kind: "patient" | "study" | "file";
  readonly identifier: string;
}

/** A picture and its mask, found in a data folder. */
export interface FoundCase {
  /** The picture's path below its folder without the extension; with the frame or slice where a file has several. */
  readonly stem: string;
  readonly image: PictureSource;
  readonly mask: MaskSource;
  /** The part of a split that the folder or the manifest brings. */
  readonly part?: Part;
  readonly patient?: KnownPatient;
}

/** What a place of a data folder holds. */
export interface Found {
  readonly cases: readonly FoundCase[];
  /** Those of severity `case` stand for a picture that became no case. */
  readonly problems: readonly Problem[];
  /** Images that are rightly not used: images of a study that its segmentations do not cover. */
  readonly unused: number;
}

export const NOTHING: Found = { cases: [], problems: [], unused: 0 };

/** Several places as one. */
export function together(found: readonly Found[]): Found {
  return {
    cases: found.flatMap(({ cases }) => cases),
    problems: found.flatMap(({ problems }) => problems),
    unused: found.reduce((sum, { unused }) => sum + unused, 0),
  };
}

/** One problem and no case. */
export function spoiled(problem: Problem): Found {
  return { ...NOTHING, problems: [problem] };
}
