import type { WindowRule } from "../data/sources.js";
import type { Volume } from "./volume.js";

/** Values from `low` (black, 0) to `high` (white, 255), in units of the volume. */
export interface GreyRange {
  readonly low: number;
  readonly high: number;
}

const LOWEST = 0.005;
const HIGHEST = 0.995;
/** Beyond it a number is not finite as float32. */
const MAX_FLOAT32 = 3.4028234663852886e38;
/** Zeros are background where they make up more than this share. */
const BACKGROUND = 0.5;

const BUCKETS = 65536;
const number = new Float32Array(1);
const bits = new Uint32Array(number.buffer);
/** The order of 0 and of -0 among the keys. */
const ZERO_KEY = 0x80000000;

/** An unsigned number that is ordered as the float32 is; all zeros are alike. */
function keyOf(value: number): number {
  number[0] = value;
  const raw = bits[0];
  if (raw << 1 === 0) return ZERO_KEY;
  return (raw & ZERO_KEY ? ~raw : raw | ZERO_KEY) >>> 0;
}

function valueOfKey(key: number): number {
  bits[0] = (key & ZERO_KEY ? key & ~ZERO_KEY : ~key) >>> 0;
  return number[0];
}

/** The bucket in which the value of this rank (from 1) lies, and its rank within. */
function bucketOf(counts: Float64Array, rank: number): { bucket: number; within: number } {
  let before = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (before + counts[bucket] >= rank) return { bucket, within: rank - before };
    before += counts[bucket];
  }
  return { bucket: BUCKETS - 1, within: 1 };
}

/**
 * Percentiles by nearest rank, exact to float32: values are counted by the upper half of their bits, then those of the
 * buckets that matter by the lower half, so that a volume is neither copied nor sorted, whatever its type.
 */
function percentiles(volume: Volume): GreyRange {
  const { voxels, slope, intercept } = volume;
  const upper = new Float64Array(BUCKETS);
  let count = 0;
  let zeros = 0;
  for (let i = 0; i < voxels.length; i++) {
    const value = voxels[i] * slope + intercept;
    // Written so that what is not a number is passed over too.
    if (!(Math.abs(value) <= MAX_FLOAT32)) continue;
    if (value === 0) zeros++;
    upper[keyOf(value) >>> 16]++;
    count++;
  }
  const skipZeros = zeros > count * BACKGROUND && zeros < count;
  if (skipZeros) {
    upper[ZERO_KEY >>> 16] -= zeros;
    count -= zeros;
  }
  if (count === 0) return { low: 0, high: 0 };
  const wanted = [LOWEST, HIGHEST].map((share) => bucketOf(upper, Math.max(1, Math.ceil(share * count))));
  const lower = wanted.map(() => new Float64Array(BUCKETS));
  for (let i = 0; i < voxels.length; i++) {
    const value = voxels[i] * slope + intercept;
    if (!(Math.abs(value) <= MAX_FLOAT32) || (skipZeros && value === 0)) continue;
    const key = keyOf(value);
    for (let w = 0; w < wanted.length; w++) if (key >>> 16 === wanted[w].bucket) lower[w][key & 0xffff]++;
  }
  const [low, high] = wanted.map(({ bucket, within }, w) =>
    valueOfKey(bucket * BUCKETS + bucketOf(lower[w], within).bucket),
  );
  return { low, high };
}

/** Found once for a volume: all its slices share one range, so that they can be compared. */
const found = new WeakMap<Volume, GreyRange>();

/**
 * The values that become black and white. `file`: the display range of the header where it has one, else percentiles.
 * Percentiles: the 0.5th and 99.5th of the whole volume, not of a slice; zeros do not count where they are more than half
 * (the air around a head that was cut out), nor does what is not a finite number.
 *
 * @throws RangeError for a window that is not wider than 0
 */
export function greyRange(volume: Volume, rule: WindowRule = "file"): GreyRange {
  if (typeof rule === "object") {
    if (!(rule.width > 0)) throw new RangeError(`the window's width must be above 0, not ${rule.width}`);
    return { low: rule.center - rule.width / 2, high: rule.center + rule.width / 2 };
  }
  if (rule === "file" && volume.display) return volume.display;
  let range = found.get(volume);
  if (!range) {
    range = percentiles(volume);
    found.set(volume, range);
  }
  return range;
}
