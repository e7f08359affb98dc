import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";

/** Which attempt at which round is the newest, of all that the coordinator has named. */
export class RoundAttempts {
  /** The newest attempt heard of, and the newest that asked for training. */
  #latest: RoundReference | undefined;
  #asked: RoundReference | undefined;

  get latest(): RoundReference | undefined {
    return this.#latest;
  }

  /** Whether what is named belongs to the newest attempt; it is the newest from now on. */
  follow(reference: RoundReference): boolean {
    const latest = this.#latest;
    const order = latest ? reference.round - latest.round || reference.attempt - latest.attempt : 1;
    if (order < 0) return false;
    if (order > 0) this.#latest = reference;
    return true;
  }

  isLatest(reference: RoundReference): boolean {
    return sameAttempt(this.#latest, reference);
  }

  ask(reference: RoundReference): void {
    this.#asked = reference;
  }

  /** The attempt that waits for the training's end; undefined while a newer one has not asked yet. */
  get waiting(): RoundReference | undefined {
    return sameAttempt(this.#asked, this.#latest) ? this.#asked : undefined;
  }

  /** Forgets what was newest: an earlier round comes again, or work that belongs to no round. */
  restart(latest?: RoundReference): void {
    this.#latest = latest;
  }
}

function sameAttempt(a: RoundReference | undefined, b: RoundReference | undefined): boolean {
  return a !== undefined && a.round === b?.round && a.attempt === b.attempt;
}
