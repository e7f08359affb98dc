import type { Size } from "../image/place.js";
import { squareSize } from "../image/square.js";
import type { FrameAttributes } from "./functional-groups.js";
import { TAGS, type Tag } from "./tags.js";

/** Pairs of numbers down and across, in the order in which they are believed. */
const SPACINGS: readonly Tag[] = [TAGS.ImagerPixelSpacing, TAGS.NominalScannedPixelSpacing, TAGS.PixelAspectRatio];
/** More is no picture's: a wrong number would make it a line. */
const MAX_RATIO = 100;

function pair(values: readonly number[]): { down: number; across: number } | undefined {
  const [down, across] = values;
  if (!(down > 0 && across > 0)) return undefined;
  const ratio = Math.max(down, across) / Math.min(down, across);
  return Number.isFinite(ratio) && ratio <= MAX_RATIO ? { down, across } : undefined;
}

/** Height and width of a frame's pixels, in millimetres or relative to each other; 1 and 1 where the file does not say. */
export function pixelSides(attributes: FrameAttributes): { down: number; across: number } {
  const measured = attributes.holder(TAGS.PixelMeasuresSequence, TAGS.PixelSpacing);
  const own = measured && pair(measured.numbers(TAGS.PixelSpacing));
  if (own) return own;
  for (const tag of SPACINGS) {
    const found = pair(attributes.data.numbers(tag));
    if (found) return found;
  }
  return { down: 1, across: 1 };
}

/** The size of a frame with square pixels. */
export function squareFrame(attributes: FrameAttributes, { rows, columns }: { rows: number; columns: number }): Size {
  const { down, across } = pixelSides(attributes);
  return squareSize(columns, rows, across, down);
}
