import { setImmediate as nextTurn } from "node:timers/promises";
import { combine, split } from "shamir-secret-sharing";
import { SecAggError } from "./errors.js";

/**
 * Shamir's scheme byte by byte over GF(2^8), from the `shamir-secret-sharing` package. Its polynomials come from the
 * system's generator and cannot be injected, so shares differ from run to run even under a seeded source; the secrets
 * rebuilt from them, and therefore the sums, do not. Its tables are not constant-time.
 *
 * A share is one byte longer than the secret: the last one is its coordinate x, 1 to 255, which the package draws. A
 * coordinate that somebody altered makes a false share like any other altered byte; whoever rebuilds a secret checks it.
 */
export const COORDINATE_BYTES = 1;
const MOST_SHARES = 255;

/**
 * @param secret at least one byte.
 * @param count how many shares, 2 to 255. @param threshold how many of them rebuild the secret, 2 to `count`.
 * @throws SecAggError BAD_SHARES for sizes out of range.
 */
export async function splitSecret(secret: Uint8Array, count: number, threshold: number): Promise<Uint8Array[]> {
  if (
    !Number.isInteger(count) ||
    !Number.isInteger(threshold) ||
    threshold < 2 ||
    threshold > count ||
    count > MOST_SHARES
  )
    throw new SecAggError("BAD_SHARES", `cannot split a secret into ${count} shares with threshold ${threshold}`);
  // The package takes a plain Uint8Array only, no Buffer.
  return split(new Uint8Array(secret), count, threshold);
}

/**
 * Rebuilds a secret from exactly the shares given. Fewer than the threshold, or false ones, give noise, not an error.
 * @throws SecAggError BAD_SHARES for fewer than two shares, unequal lengths, or a coordinate that is zero or there twice.
 */
export async function combineShares(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  if (shares.some((share) => share.at(-1) === 0))
    throw new SecAggError("BAD_SHARES", "a share claims the coordinate zero");
  try {
    return await combine(shares.map((share) => new Uint8Array(share)));
  } catch (cause) {
    throw new SecAggError(
      "BAD_SHARES",
      "these shares do not belong together: too few, unequal, or one twice",
      {},
      { cause },
    );
  }
}

/**
 * Rebuilds a secret that can be recognised, even if some of the shares are false: tries each run of `threshold`
 * neighbours among the shares, cyclically, so that one bad share is always avoided once there is one to spare.
 * The event loop gets its turn after each try.
 * @param accept what to make of a candidate, or null where it is not the secret.
 * @param first the run to try first: the one that gave an earlier secret of the same sites, since who gives one false
 * share gives others.
 * @returns what was accepted, and the run that gave it; null where no run did.
 */
export async function recoverSecret<T>(
  shares: readonly Uint8Array[],
  threshold: number,
  accept: (secret: Uint8Array) => T | null,
  first = 0,
): Promise<{ secret: T; run: number } | null> {
  if (shares.length < threshold) return null;
  const runs = shares.length === threshold ? 1 : shares.length;
  for (let tried = 0; tried < runs; tried++) {
    const run = (first + tried) % shares.length;
    const taken = Array.from({ length: threshold }, (_, i) => shares[(run + i) % shares.length]);
    // Two equal coordinates in a run: one of the two is false.
    const candidate = await combineShares(taken).catch(() => null);
    const secret = candidate && accept(candidate);
    await nextTurn();
    if (secret !== null) return { secret, run };
  }
  return null;
}
