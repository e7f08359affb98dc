/** How many bytes of sums are kept in memory, in all. */
const CAPACITY_BYTES = 16_000_000;

/**
 * Sums that were read lately: all sites of a cohort ask for the same one at the same time. The sum of an attempt never
 * changes.
 */
export class RecentSums {
  readonly #sums = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /** @param bytes its size. @param read reads it, once for all who ask meanwhile */
  get(
    study: string,
    round: number,
    attempt: number,
    bytes: number,
    read: () => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const key = `${study} ${round} ${attempt}`;
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const reading = read();
    if (bytes > CAPACITY_BYTES) return reading;
    this.#sums.set(key, reading);
    this.#sizes.set(key, bytes);
    this.#bytes += bytes;
    reading.catch(() => this.#forget(key));
    // The oldest go first: what was asked for longest ago is asked for least.
    for (const oldest of this.#sums.keys()) {
      if (this.#bytes <= CAPACITY_BYTES) break;
      this.#forget(oldest);
    }
    return reading;
  }

  #forget(key: string): void {
    this.#bytes -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
    this.#sums.delete(key);
  }
}
