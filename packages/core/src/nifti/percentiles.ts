import { inTurns } from "./turns.js";
import type { Volume } from "./volume.js";

/** What a percentile is taken of. */
export type Values = Pick<Volume, "voxels" | "slope" | "intercept">;

/** Zeros are background where they make up more than this share. */
const BACKGROUND = 0.5;
/** Beyond it a number is not finite as float32. */
const MAX_FLOAT32 = 3.4028234663852886e38;

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
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (before + counts[bucket] >= rank) return { bucket, within: rank - before };
    before += counts[bucket];
  }
  return { bucket: counts.length - 1, within: 1 };
}

const rankOf = (share: number, count: number) => Math.max(1, Math.ceil(share * count));

/** How many values count, and whether zeros do. */
function counted(count: number, zeros: number): { count: number; skipZeros: boolean } {
  const skipZeros = zeros > count * BACKGROUND && zeros < count;
  return { count: skipZeros ? count - zeros : count, skipZeros };
}

/** Whole numbers of 8 or 16 bits are counted one by one. */
async function ofSmallIntegers({ voxels, slope, intercept }: Values, shares: readonly number[]): Promise<number[]> {
  const signed = voxels instanceof Int8Array || voxels instanceof Int16Array;
  const first = signed ? -BUCKETS / 2 : 0;
  const counts = new Float64Array(BUCKETS);
  await inTurns(voxels.length, (from, to) => {
    for (let i = from; i < to; i++) counts[voxels[i] - first]++;
  });
  // Values rise with the stored numbers, unless the slope is negative.
  const ordered = slope < 0 ? counts.toReversed() : counts;
  const valueAt = (bucket: number) => ((slope < 0 ? BUCKETS - 1 - bucket : bucket) + first) * slope + intercept;
  const finite = (bucket: number) => Math.abs(valueAt(bucket)) <= MAX_FLOAT32;
  let zeros = 0;
  let total = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (ordered[bucket] === 0) continue;
    if (!finite(bucket)) ordered[bucket] = 0;
    if (valueAt(bucket) === 0) zeros += ordered[bucket];
    total += ordered[bucket];
  }
  const { count, skipZeros } = counted(total, zeros);
  if (skipZeros) for (let bucket = 0; bucket < BUCKETS; bucket++) if (valueAt(bucket) === 0) ordered[bucket] = 0;
  if (count === 0) return shares.map(() => 0);
  return shares.map((share) => Math.fround(valueAt(bucketOf(ordered, rankOf(share, count)).bucket)));
}

/** Others are counted by the upper half of their bits, then those of the buckets that matter by the lower half. */
async function ofAny({ voxels, slope, intercept }: Values, shares: readonly number[]): Promise<number[]> {
  const upper = new Float64Array(BUCKETS);
  let total = 0;
  let zeros = 0;
  await inTurns(voxels.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = voxels[i] * slope + intercept;
      // Written so that what is not a number is passed over too.
      if (!(Math.abs(value) <= MAX_FLOAT32)) continue;
      if (value === 0) zeros++;
      upper[keyOf(value) >>> 16]++;
      total++;
    }
  });
  const { count, skipZeros } = counted(total, zeros);
  if (skipZeros) upper[ZERO_KEY >>> 16] -= zeros;
  if (count === 0) return shares.map(() => 0);
  const wanted = shares.map((share) => bucketOf(upper, rankOf(share, count)));
  const lower = wanted.map(() => new Float64Array(BUCKETS));
  await inTurns(voxels.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = voxels[i] * slope + intercept;
      if (!(Math.abs(value) <= MAX_FLOAT32) || (skipZeros && value === 0)) continue;
      const key = keyOf(value);
      for (let w = 0; w < wanted.length; w++) if (key >>> 16 === wanted[w].bucket) lower[w][key & 0xffff]++;
    }
  });
  return wanted.map(({ bucket, within }, w) => valueOfKey(bucket * BUCKETS + bucketOf(lower[w], within).bucket));
}

/**
 * Percentiles of all voxels by nearest rank, exact to float32. A volume is neither copied nor sorted for it, whatever its
 * type. Zeros do not count where they are more than half, nor does what is not a finite number; 0 where nothing is left.
 * @param shares each in 0..1
 */
export async function percentiles(values: Values, shares: readonly number[]): Promise<number[]> {
  const small = values.voxels.BYTES_PER_ELEMENT <= 2;
  return small ? ofSmallIntegers(values, shares) : ofAny(values, shares);
}
