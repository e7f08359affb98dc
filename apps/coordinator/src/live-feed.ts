import type { Clock } from "@fedbaps/core/common/clock.js";

/** What has changed. It carries no state: whoever watches reads again what it shows. */
export type Change =
  | { readonly kind: "study"; readonly study: string }
  | { readonly kind: "sites" }
  | { readonly kind: "roster" }
  | { readonly kind: "audit" };

/** Changes of one thing are told to other processes at most so often. */
const RELAY_MILLISECONDS = 250;

/** Tells those who watch (dashboards) that something changed, at this coordinator or at another of the same database. */
export class LiveFeed {
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #relaying = new Set<string>();

  /** @param relay tells the other processes. */
  constructor(
    private readonly clock?: Clock,
    private readonly relay?: (change: Change) => void,
  ) {}

  publish(change: Change): void {
    this.publishHere(change);
    const { clock, relay } = this;
    const subject = change.kind === "study" ? `study/${change.study}` : change.kind;
    if (clock === undefined || relay === undefined || this.#relaying.has(subject)) return;
    this.#relaying.add(subject);
    clock.after(RELAY_MILLISECONDS, () => {
      this.#relaying.delete(subject);
      relay(change);
    });
  }

  /** For what happened at another process. */
  publishHere(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** @returns how to stop listening */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
