import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { PictureSource } from "@fedbaps/core/data/sources.js";
import type { Size } from "@fedbaps/core/image/place.js";

/** One object in one picture that is to be segmented. */
export interface Task {
  /** As the person named it: below the folder, with "/" between the names. */
  readonly image: string;
  readonly source: PictureSource;
  readonly object?: string;
  /** In pixels of the picture as read. */
  readonly prompt: Prompt;
}

/** Where in its file a picture is, in words, counted from 1; empty for a file of one picture. */
export function placeOf(source: PictureSource): string {
  if (source.kind === "dicom") return source.frame === 0 ? "" : `frame ${source.frame + 1}`;
  return source.kind === "nifti" ? `${source.plane} slice ${source.index + 1}` : "";
}

/** A task in words, for the person here. */
export function nameOf({ image, source, object }: Task): string {
  return [image, placeOf(source), object === undefined ? "" : `object ${object}`].filter(Boolean).join(", ");
}

/** What of a prompt lies outside of a picture, in words; undefined where all is inside. */
export function outsideOf({ points, box }: Prompt, { width, height }: Size): string | undefined {
  const outside = (x: number, y: number) => !(x >= 0 && y >= 0 && x < width && y < height);
  const point = points.find(({ x, y }) => outside(x, y));
  const where = `of ${width} x ${height} pixels`;
  if (point) return `the point ${point.x},${point.y} is outside of the picture ${where}`;
  if (box && (outside(box.left, box.top) || outside(box.right, box.bottom)))
    return `the box ${box.left},${box.top},${box.right},${box.bottom} reaches out of the picture ${where}`;
  return undefined;
}

/** The prompt does not lie in the picture. The message names the file. */
export function promptOutside(task: Task, what: string): UsageError {
  const message = `${nameOf(task)}: ${what}; pixels count from 0 at the upper left`;
  return new UsageError(message, { code: "PROMPT_OUTSIDE" });
}
