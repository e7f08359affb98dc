import type { WindowRule } from "../data/sources.js";
import type { Frame } from "./decode-frame.js";
import type { FrameAttributes } from "./functional-groups.js";
import { type Modality, modalityOf } from "./modality.js";
import type { PixelFormat } from "./pixel-format.js";
import type { Samples } from "./samples.js";
import { TAGS } from "./tags.js";
import { brightnessOf } from "./voi.js";

const LOWEST = 0.005;
const HIGHEST = 0.995;

/** Values between these (both included) lie where nothing was imaged (PS3.3 C.7.5.1.1.2). */
interface Padding {
  readonly from: number;
  readonly to: number;
}

function paddingOf({ data }: FrameAttributes, signed: boolean): Padding | undefined {
  const value = data.number(TAGS.PixelPaddingValue, signed);
  if (value === undefined) return undefined;
  const limit = data.number(TAGS.PixelPaddingRangeLimit, signed) ?? value;
  return { from: Math.min(value, limit), to: Math.max(value, limit) };
}

/** How often each stored value occurs, in ascending order of its units; padding and what is no number are left out. */
function counted(
  values: Samples,
  { toUnits }: Modality,
  padding: Padding | undefined,
): [units: number, count: number][] {
  const counts = new Map<number, number>();
  if (values.BYTES_PER_ELEMENT <= 2) {
    // An array of 65536 counts is far faster than a map.
    const table = new Float64Array(65536);
    for (let i = 0; i < values.length; i++) table[values[i] & 0xffff]++;
    const negative = values instanceof Int16Array;
    for (const [raw, count] of table.entries())
      if (count > 0) counts.set(negative && raw > 32767 ? raw - 65536 : raw, count);
  } else for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const found: [number, number][] = [];
  for (const [value, count] of counts) {
    const units = toUnits(value);
    const padded = padding && value >= padding.from && value <= padding.to;
    if (!padded && Number.isFinite(units)) found.push([units, count]);
  }
  return found.sort(([a], [b]) => a - b);
}

/** The 0.5th and 99.5th percentile by nearest rank; 0 and 0 where nothing is left. */
function percentiles(found: readonly (readonly [number, number])[]): { low: number; high: number } {
  const total = found.reduce((sum, [, count]) => sum + count, 0);
  const at = (share: number): number => {
    let rank = Math.max(1, Math.ceil(share * total));
    for (const [units, count] of found) {
      rank -= count;
      if (rank <= 0) return units;
    }
    return 0;
  };
  return { low: at(LOWEST), high: at(HIGHEST) };
}

/**
 * Brightness in 0..255 of a grey frame: stored values to units, units to brightness, inverted for MONOCHROME1 (PS3.4
 * N.2). What is not a number is black.
 * @throws RangeError for a window that is not wider than 0
 */
export function greyPixels(
  { values }: Frame,
  format: PixelFormat,
  attributes: FrameAttributes,
  rule: WindowRule,
): Float32Array {
  const modality = modalityOf(attributes, format.signed);
  const padding = paddingOf(attributes, format.signed);
  const brightness = brightnessOf(attributes, rule, modality.signed, () =>
    percentiles(counted(values, modality, padding)),
  );
  const inverted = format.photometric === "MONOCHROME1";
  const shade = (stored: number): number => {
    const value = brightness(modality.toUnits(stored));
    return Number.isNaN(value) ? 0 : inverted ? 255 - value : value;
  };
  const out = new Float32Array(values.length);
  if (values.BYTES_PER_ELEMENT > 2 || values.length < 65536) {
    for (let i = 0; i < out.length; i++) out[i] = shade(values[i]);
    return out;
  }
  const negative = values instanceof Int16Array;
  const known = new Float32Array(65536).fill(-1);
  for (let i = 0; i < out.length; i++) {
    const key = values[i] & 0xffff;
    if (known[key] < 0) known[key] = shade(negative ? (key << 16) >> 16 : key);
    out[i] = known[key];
  }
  return out;
}
