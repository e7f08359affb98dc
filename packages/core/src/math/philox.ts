/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * A block is a pure function of (key, counter): any draw can be rebuilt anywhere without replaying those before it,
 * from 32-bit integer operations alone, so it is the same on every machine. Not for cryptography.
 */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

// Taken out of `Math` once: in a test realm every global access is slow, and this is the inner loop of all randomness.
const { imul, floor } = Math;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle1 = aHigh * bLow + (low >>> 16);
  const middle2 = aLow * bHigh + (middle1 & 0xffff);
  return (aHigh * bHigh + floor(middle1 / 0x10000) + floor(middle2 / 0x10000)) >>> 0;
}

/**
 * One block of four 32-bit words.
 * @param key two words; @param counter four words; @param out receives the four words, each in [0, 2^32).
 */
export function philox4x32(key: ArrayLike<number>, counter: ArrayLike<number>, out: Uint32Array): void {
  let k0 = key[0] >>> 0;
  let k1 = key[1] >>> 0;
  let c0 = counter[0] >>> 0;
  let c1 = counter[1] >>> 0;
  let c2 = counter[2] >>> 0;
  let c3 = counter[3] >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2);
    const low1 = imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}
