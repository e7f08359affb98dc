import { transcript } from "../common/bytes.js";
import { sha256 } from "../common/hash.js";
import { philox4x32 } from "./philox.js";

/** What names a stream: `["clicks", round, step]`. Streams of different names are independent. */
export type StreamName = readonly (string | number)[];

/**
 * A seeded, named stream of random numbers (Philox4x32-10). The same seed and name give the same numbers on every
 * machine and in every order of use, because each stream has a key of its own: SHA-256 over (seed, name).
 */
export class RandomStream {
  readonly #key: Uint32Array;
  readonly #counter = new Uint32Array(4);
  readonly #block = new Uint32Array(4);
  #used = 4;

  constructor(seed: number, ...name: StreamName) {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed must be a whole number >= 0, not ${seed}`);
    const fields = name.map((part) => (typeof part === "number" ? `#${part}` : part));
    const digest = sha256(transcript("fedbaps/stream/1", String(seed), ...fields));
    this.#key = new Uint32Array(digest.slice(0, 8).buffer);
    // The rest of the digest starts the counter: 2^64 blocks fit before two streams of equal key could meet.
    this.#counter.set(new Uint32Array(digest.slice(8, 16).buffer), 2);
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    if (this.#used === 4) {
      philox4x32(this.#key, this.#counter, this.#block);
      if (++this.#counter[0] === 0x100000000 || this.#counter[0] === 0) this.#counter[1]++;
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** A number in [0, 1), a multiple of 2^-24: exact in float32. */
  uniform(): number {
    return (this.uint32() >>> 8) / 0x1000000;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in [0, count), without bias (rejection). */
  below(count: number): number {
    if (!Number.isInteger(count) || count < 1 || count > 0x100000000)
      throw new RangeError(`count must be 1 to 2^32, not ${count}`);
    const limit = 0x100000000 - (0x100000000 % count);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % count;
    }
  }

  /** A standard normal number (Box-Muller). Uses Math.log and Math.cos: equal on equal kinds of processor only. */
  normal(): number {
    return Math.sqrt(-2 * Math.log((this.uint32() + 1) / 0x100000000)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
