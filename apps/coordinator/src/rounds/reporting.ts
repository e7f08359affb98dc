/** Whose report the study waits for, since when, and until when. */
export interface ReportingView {
  waitingFor: string[];
  since: number;
  deadline: number | null;
}

export interface ReportingInit {
  /** Whose report the study waits for: the last round's cohort. */
  readonly participants: readonly string[];
  readonly reported: ReadonlySet<string>;
  readonly silenceMs: number;
  readonly now: number;
}

/**
 * The end of a study, without I/O: it waits for every participant's report, until that site has been silent for too
 * long or takes part no more. A failure settles nothing: what kept a site from reporting may pass.
 */
export class Reporting {
  readonly #init: ReportingInit;
  readonly #done: Set<string>;
  readonly #heard = new Map<string, number>();
  readonly #left = new Set<string>();

  constructor(init: ReportingInit) {
    this.#init = init;
    this.#done = new Set(init.reported);
  }

  hasReported(site: string): boolean {
    return this.#done.has(site);
  }

  reported(site: string): void {
    this.#done.add(site);
  }

  /** The site was revoked, or withdrew its approval: nobody waits for it. */
  leave(site: string): void {
    this.#left.add(site);
  }

  /** The site takes part again. */
  join(site: string, now: number): void {
    if (this.#left.delete(site)) this.heard(site, now);
  }

  /** Any message of the site; its silence begins anew. */
  heard(site: string, now: number): void {
    this.#heard.set(site, now);
  }

  /** Who is still waited for. */
  waitingFor(now: number): string[] {
    return this.#init.participants.filter(
      (site) => !this.#done.has(site) && !this.#left.has(site) && this.#silentAt(site) > now,
    );
  }

  /** When the next site counts as gone; null when nobody is waited for. */
  deadline(now: number): number | null {
    const waiting = this.waitingFor(now);
    return waiting.length === 0 ? null : Math.min(...waiting.map((site) => this.#silentAt(site)));
  }

  view(now: number): ReportingView {
    return { waitingFor: this.waitingFor(now), since: this.#init.now, deadline: this.deadline(now) };
  }

  #silentAt(site: string): number {
    return Math.max(this.#heard.get(site) ?? 0, this.#init.now) + this.#init.silenceMs;
  }
}
