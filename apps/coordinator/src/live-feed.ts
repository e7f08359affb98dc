/** What has changed. It carries no state: whoever watches reads again what it shows. */
export type Change =
  | { readonly kind: "study"; readonly study: string }
  | { readonly kind: "sites" }
  | { readonly kind: "roster" }
  | { readonly kind: "audit" };

/** Tells those who watch (dashboards) that something changed, at this coordinator or at another of the same database. */
export class LiveFeed {
  readonly #listeners = new Set<(change: Change) => void>();

  publish(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** @returns how to stop listening */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
