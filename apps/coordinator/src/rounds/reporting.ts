export interface ReportingInit {
  /** Whose report the study waits for: the last round's cohort. */
  readonly participants: readonly string[];
  readonly reported: ReadonlySet<string>;
  readonly silenceMs: number;
  readonly now: number;
}

/** The end of a study, without I/O: it waits for every participant's report, or until that site has been silent. */
export class Reporting {
  readonly #init: ReportingInit;
  readonly #done: Set<string>;
  readonly #heard = new Map<string, number>();

  constructor(init: ReportingInit) {
    this.#init = init;
    this.#done = new Set(init.reported);
  }

  get since(): number {
    return this.#init.now;
  }

  hasReported(site: string): boolean {
    return this.#done.has(site);
  }

  /** The site reported, or said that it never will. */
  settle(site: string): void {
    this.#done.add(site);
  }

  heard(site: string, now: number): void {
    this.#heard.set(site, now);
  }

  /** Who is still waited for. */
  waitingFor(now: number): string[] {
    return this.#init.participants.filter((site) => !this.#done.has(site) && this.#silentAt(site) > now);
  }

  /** When the next site counts as gone; null when nobody is waited for. */
  deadline(now: number): number | null {
    const waiting = this.waitingFor(now);
    return waiting.length === 0 ? null : Math.min(...waiting.map((site) => this.#silentAt(site)));
  }

  #silentAt(site: string): number {
    return Math.max(this.#heard.get(site) ?? 0, this.#init.now) + this.#init.silenceMs;
  }
}
