import type { WindowRule } from "../data/sources.js";
import type { FrameAttributes } from "./functional-groups.js";
import { type LookupTable, lookUp, sequenceTable } from "./lookup-table.js";
import { TAGS } from "./tags.js";

/** A function from modality units (Hounsfield units, for CT) to brightness in 0..255 (PS3.3 C.11.2). */
export type Brightness = (value: number) => number;

const between = (value: number) => Math.min(255, Math.max(0, value));

/** From `low` (black) to `high` (white); all alike is black. */
export function linearRange(low: number, high: number): Brightness {
  const scale = high > low ? 255 / (high - low) : 0;
  return (value) => between((value - low) * scale);
}

/**
 * A window as the file defines it.
 * @param rule the VOI LUT Function: LINEAR where there is none (C.11.2.1.2), LINEAR_EXACT, SIGMOID (C.11.2.1.3)
 * @returns nothing for a width that the standard forbids
 */
export function fileWindow(center: number, width: number, rule: string | undefined): Brightness | undefined {
  if (rule === "SIGMOID") return width > 0 ? (x) => 255 / (1 + Math.exp((-4 * (x - center)) / width)) : undefined;
  if (rule === "LINEAR_EXACT") return width > 0 ? linearRange(center - width / 2, center + width / 2) : undefined;
  if (!(width >= 1)) return undefined;
  // A width of 1 is a threshold.
  if (width === 1) return (x) => (x <= center - 0.5 ? 0 : 255);
  return (x) => between(((x - (center - 0.5)) / (width - 1) + 0.5) * 255);
}

function tableBrightness(table: LookupTable): Brightness {
  return (value) => (lookUp(table, value) * 255) / table.white;
}

/** The window or table of a file: the first window of several, else the first table; nothing where it has neither. */
function ofFile(attributes: FrameAttributes, signed: boolean): Brightness | undefined {
  const macro = TAGS.FrameVOILUTSequence;
  const window = attributes.holder(macro, TAGS.WindowCenter);
  const center = window?.number(TAGS.WindowCenter);
  const width = window?.number(TAGS.WindowWidth);
  if (window && center !== undefined && width !== undefined) {
    const brightness = fileWindow(center, width, window.text(TAGS.VOILUTFunction));
    if (brightness) return brightness;
  }
  const holder = attributes.holder(macro, TAGS.VOILUTSequence);
  const table = holder && sequenceTable(holder, TAGS.VOILUTSequence, signed);
  return table && tableBrightness(table);
}

/**
 * How a frame's values become bright, by the rule. A window that the site gives is exact: its ends are center - width / 2
 * and center + width / 2.
 *
 * @param range the 0.5th and 99.5th percentile of the frame, where they are wanted
 * @param signed whether what goes into the file's table can be negative
 * @throws RangeError for a window that is not wider than 0
 */
export function brightnessOf(
  attributes: FrameAttributes,
  rule: WindowRule,
  signed: boolean,
  range: () => { readonly low: number; readonly high: number },
): Brightness {
  if (typeof rule === "object") {
    if (!(rule.width > 0)) throw new RangeError(`the window's width must be above 0, not ${rule.width}`);
    return linearRange(rule.center - rule.width / 2, rule.center + rule.width / 2);
  }
  const own = rule === "file" ? ofFile(attributes, signed) : undefined;
  if (own) return own;
  const { low, high } = range();
  return linearRange(low, high);
}
