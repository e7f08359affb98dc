import type { Progress, ReplyPhase } from "../wire/messages.js";
import type { Member } from "../wire/secagg-messages.js";
import type { DropOut } from "./round-state.js";

interface SiteRecord {
  readonly member: Member;
  /** The last accepted message, or null: then the phase's start counts. */
  heard: number | null;
  ready: boolean;
  /** Digest of the answer to each phase: a repeated answer is recognised by it. */
  readonly answers: Map<ReplyPhase, string>;
  progress?: Pick<Progress, "stepsDone" | "stepsPlanned" | "queries">;
  /** Why the site said that it is not ready, while recruiting. */
  excuse?: string;
}

/** What a round knows of each site: when it was heard, what it answered, whether it was dropped. */
export class RoundSites {
  readonly #records = new Map<string, SiteRecord>();
  readonly #dropOuts = new Map<string, DropOut>();
  #phaseSince: number;

  constructor(
    members: readonly Member[],
    readonly silenceMs: number,
    now: number,
  ) {
    this.#phaseSince = now;
    for (const member of members) this.add(member);
  }

  /** Adds a site; one that is there already stays as it is. */
  add(member: Member): void {
    if (!this.#records.has(member.site))
      this.#records.set(member.site, { member, heard: null, ready: false, answers: new Map() });
  }

  remove(site: string): void {
    this.#records.delete(site);
  }

  get(site: string): Readonly<SiteRecord> | undefined {
    return this.#records.get(site);
  }

  names(): string[] {
    return [...this.#records.keys()].sort();
  }

  /** When the open phase began. */
  get phaseSince(): number {
    return this.#phaseSince;
  }

  /** A new phase restarts every silence clock: nobody owed an answer to it before. */
  beginPhase(now: number): void {
    this.#phaseSince = now;
  }

  heard(site: string, now: number): void {
    const record = this.#records.get(site);
    if (record !== undefined) record.heard = now;
  }

  /** When the site counts as gone unless it says something. */
  silentAt(site: string): number {
    return Math.max(this.#records.get(site)?.heard ?? 0, this.#phaseSince) + this.silenceMs;
  }

  setReady(site: string, ready: boolean, excuse?: string): void {
    const record = this.#records.get(site);
    if (record === undefined) return;
    record.ready = ready;
    if (!ready) record.answers.delete("recruiting");
    if (excuse === undefined) delete record.excuse;
    else record.excuse = excuse;
  }

  isReady(site: string): boolean {
    return this.#records.get(site)?.ready === true;
  }

  setProgress(site: string, { stepsDone, stepsPlanned, queries }: Progress): void {
    const record = this.#records.get(site);
    if (record !== undefined) record.progress = { stepsDone, stepsPlanned, queries };
  }

  setAnswer(site: string, phase: ReplyPhase, digest: string): void {
    this.#records.get(site)?.answers.set(phase, digest);
  }

  answerOf(site: string, phase: ReplyPhase): string | undefined {
    return this.#records.get(site)?.answers.get(phase);
  }

  /** Drops a site from the attempt; the first reason stays. Sites that never joined can be listed too. */
  drop(dropOut: DropOut): void {
    if (!this.#dropOuts.has(dropOut.site)) this.#dropOuts.set(dropOut.site, dropOut);
  }

  isDropped(site: string): boolean {
    return this.#dropOuts.has(site);
  }

  dropOuts(): DropOut[] {
    return [...this.#dropOuts.values()];
  }

  /** Why the site is missing or dropped, if there is something to say. */
  reasonOf(site: string): string | undefined {
    const record = this.#records.get(site);
    const dropped = this.#dropOuts.get(site);
    if (dropped !== undefined) return dropped.code;
    if (record === undefined) return "NOT_APPROVED";
    return record.ready ? undefined : record.excuse;
  }
}
