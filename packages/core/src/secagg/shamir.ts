import { combine, split } from "shamir-secret-sharing";
import { SecAggError } from "./errors.js";

/**
 * Shamir's scheme byte by byte over GF(2^8), from the `shamir-secret-sharing` package. Its polynomials come from the
 * system's generator and cannot be injected, so shares differ from run to run even under a seeded source; the secrets
 * rebuilt from them, and therefore the sums, do not. Its tables are not constant-time.
 *
 * Share i belongs to the site at position i of the cohort and lies at x = i + 1. The package shuffles the coordinates
 * and appends them to the shares; we ask it for all 255 and pick ours, so that nobody can claim a coordinate: the
 * position decides, and the coordinate never travels.
 */
const COORDINATES = 255;

/**
 * @param secret at least one byte.
 * @param count how many shares, 2 to 255. @param threshold how many of them rebuild the secret, 2 to `count`.
 * @returns `count` shares, each as long as the secret.
 */
export async function splitSecret(secret: Uint8Array, count: number, threshold: number): Promise<Uint8Array[]> {
  if (!Number.isInteger(count) || !Number.isInteger(threshold) || threshold < 2 || threshold > count || count > COORDINATES)
    throw new SecAggError("BAD_SHARES", `cannot split a secret into ${count} shares with threshold ${threshold}`);
  const shares = new Array<Uint8Array>(count);
  for (const share of await split(new Uint8Array(secret), COORDINATES, threshold)) {
    const x = share[secret.length];
    if (x <= count) shares[x - 1] = share.slice(0, secret.length);
    share.fill(0);
  }
  return shares;
}

/**
 * Rebuilds a secret from exactly the shares given, by position. Fewer than the threshold give noise, not an error.
 * @throws SecAggError BAD_SHARES for fewer than two shares, unequal lengths or a position out of range.
 */
export async function combineShares(shares: ReadonlyMap<number, Uint8Array>): Promise<Uint8Array> {
  const points: Uint8Array[] = [];
  for (const [position, share] of shares) {
    if (!Number.isInteger(position) || position < 0 || position >= COORDINATES)
      throw new SecAggError("BAD_SHARES", `a share claims position ${position}`);
    const point = new Uint8Array(share.length + 1);
    point.set(share);
    point[share.length] = position + 1;
    points.push(point);
  }
  try {
    return await combine(points);
  } catch (cause) {
    throw new SecAggError("BAD_SHARES", "these shares do not belong together: too few, or of unequal length", {}, { cause });
  }
}

/**
 * Rebuilds a secret that can be recognised, even if some of the shares are false: tries each run of `threshold`
 * neighbours among the shares, cyclically, so that one bad share is always avoided once there is one to spare.
 * @param accept what to make of a candidate, or null where it is not the secret.
 * @returns null where no run gave it.
 */
export async function recoverSecret<T>(
  shares: ReadonlyMap<number, Uint8Array>,
  threshold: number,
  accept: (secret: Uint8Array) => T | null,
): Promise<T | null> {
  const all = [...shares];
  if (all.length < threshold) return null;
  const starts = all.length === threshold ? 1 : all.length;
  for (let start = 0; start < starts; start++) {
    const run = Array.from({ length: threshold }, (_, i) => all[(start + i) % all.length]);
    const result = accept(await combineShares(new Map(run)));
    if (result !== null) return result;
  }
  return null;
}
