import type { Round } from "@fedbaps/core/federation/round.js";
import { RoundError, type RoundState, type RoundView } from "@fedbaps/core/federation/round-state.js";
import type { Failure, Instruction, Progress, Reply } from "@fedbaps/core/wire/messages.js";
import type { Member, RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { requiredSites } from "@fedbaps/core/wire/study.js";
import type { StudyRow } from "../store/study-repository.js";
import { Audience } from "./audience.js";
import type { DriverComponents } from "./components.js";
import { makeRound } from "./make-round.js";
import { membersDiffer } from "./members.js";
import { Reporting, type ReportingView } from "./reporting.js";
import { pauseAfter } from "./retry-pause.js";
import { RoundClock } from "./round-clock.js";
import { RoundNotes } from "./round-notes.js";
import { recordRound } from "./round-record.js";
import { RoundTerms } from "./round-terms.js";
import type { StudyWriter } from "./study-writer.js";

/**
 * Where a running study stands: its open round or its reports, who takes part, what was stored and told. Every change is
 * stored before the sites hear of it. Whoever calls it does so one event at a time, and `settle` after each.
 */
export class StudyCourse {
  readonly audience: Audience;
  readonly #notes = new RoundNotes();
  readonly #times: RoundClock;
  #version: number;
  #round: Round | undefined;
  #reporting: Reporting | undefined;
  /** What the open round is made under. */
  #terms: RoundTerms | undefined;
  /** The members as they were read last, with their keys. */
  #members: readonly Member[] = [];
  /** The state that is in SQL and that the sites were told. */
  #settled: RoundState | undefined;
  /** Sites that cannot apply the newest sum. */
  readonly #doubting = new Set<string>();
  #over = false;

  constructor(
    private readonly components: DriverComponents,
    private readonly study: StudyRow,
    private readonly writer: StudyWriter,
  ) {
    this.#version = study.version;
    this.audience = new Audience(components.outbox, study.name);
    this.#times = new RoundClock(components.telemetry, components.clock);
  }

  /** Whether there is nothing more to drive: the study is completed, or paused by what it met. */
  get over(): boolean {
    return this.#over;
  }

  /** When `tick` has something to do although nobody spoke; null: never. */
  get deadline(): number | null {
    if (this.#over) return null;
    return this.#reporting?.deadline(this.components.clock.now()) ?? this.#round?.deadline() ?? null;
  }

  /** Goes on where SQL says that the study is. A round that was open is attempted again. */
  async takeUp(): Promise<void> {
    const code = "COORDINATOR_RESTARTED";
    await this.writer.write(async ({ rounds, record }) => {
      for (const { round, attempt } of await rounds.abortOpen(this.study.name, code, this.components.clock.now()))
        record({ action: "round.aborted", details: { round, attempt, code } });
    });
    await this.#next();
  }

  /** @throws RoundError or what the secure sum says about the answer. */
  async receive(site: string, reply: Reply, now: number): Promise<void> {
    const round = this.#round;
    if (round === undefined) throw new RoundError("STALE", "no round is open");
    if (reply.phase === "recruiting" && reply.epoch !== undefined)
      await this.#terms?.take(reply.epoch, (deal) =>
        this.writer.write(({ epochs }) => epochs.keep(this.study.name, deal, now)),
      );
    await round.receive(site, reply, now);
    this.#notes.take(site, reply);
    this.#changed();
  }

  progress(site: string, progress: Progress, now: number): void {
    this.#round?.progress(site, progress, now);
    this.#changed();
  }

  async failed(site: string, { stage, code }: Failure, now: number): Promise<void> {
    this.#log("site-failed", { site, phase: stage, code });
    if (stage !== "report") await this.#round?.siteFailed(site, code, now);
    if (stage !== "recruiting" && code === "IMPOSSIBLE_SUM") await this.#doubted(site, now);
  }

  async tick(now: number): Promise<void> {
    await this.#round?.tick(now);
  }

  /** Aborts the open round under any other roster than this. */
  rosterIs(hash: string, now: number): void {
    if (this.#terms !== undefined && this.#terms.rosterHash !== hash) this.#round?.abort("ROSTER_CHANGED", now);
  }

  /** Reports that are in SQL. */
  reported(site: string): void {
    this.#reporting?.reported(site);
  }

  heard(site: string, now: number): void {
    this.#reporting?.heard(site, now);
  }

  /**
   * Takes note of who is a member by now, with which keys.
   * @param whyGone the code of why a site is none any more. @returns the sites that have come
   */
  async membersAre(members: readonly Member[], whyGone: (site: string) => string, now: number): Promise<string[]> {
    const { gone, come } = membersDiffer(this.#members, members);
    this.#members = members;
    for (const { site } of gone) {
      const renewed = members.some((member) => member.site === site);
      this.audience.remove(site);
      this.#reporting?.leave(site);
      await this.#round?.leave(site, renewed ? "KEYS_RENEWED" : whyGone(site), now);
    }
    for (const member of come) {
      this.audience.add(member.site);
      this.#reporting?.join(member.site, now);
      // One that the roster does not name waits for the next roster: with it no site would make a sum.
      if (this.#terms?.admits(member)) await this.#round?.join(member, now);
    }
    return come.map(({ site }) => site);
  }

  /** What this site is asked now; undefined when there is nothing for it to do. */
  instructionFor(site: string): Instruction | undefined {
    if (this.#reporting === undefined) return this.#round?.instructionFor(site);
    if (this.#reporting.hasReported(site)) return undefined;
    return { phase: "report", study: this.study.name, studyHash: this.study.hash, version: this.#version };
  }

  /** Sends a site what it is asked now. In the middle of a round, one that owes nothing is told nothing. */
  tell(site: string): void {
    const instruction = this.instructionFor(site);
    if (instruction !== undefined) this.audience.tell(site, instruction);
    else if (this.#round === undefined || this.#round.phase === "recruiting")
      this.audience.wait("waiting-for-sites", [site]);
  }

  /** The open round; null while the study reports, and after its end. */
  view(): RoundView | null {
    return this.#round?.view() ?? null;
  }

  /** Null before the last round is complete. */
  reportingView(): ReportingView | null {
    return this.#reporting?.view(this.components.clock.now()) ?? null;
  }

  /** Ends the open round with a code, and stores that. */
  async end(code: string): Promise<void> {
    if (this.#round === undefined) return;
    this.#round.abort(code, this.components.clock.now());
    await this.#store(this.#round);
  }

  /** Stores and announces what changed, and begins what comes next. */
  async settle(): Promise<void> {
    while (!this.#over && this.#round !== undefined && this.#round.state !== this.#settled) {
      const round = this.#round;
      this.#settled = round.state;
      await this.#store(round);
      if (round.finished) await this.#next();
      else await this.#announce();
    }
    const now = this.components.clock.now();
    if (!this.#over && this.#reporting?.waitingFor(now).length === 0) await this.#finish("completed");
  }

  /**
   * A site cannot apply the last sum. Only sites can read a sealed one; when as many say so as a round needs, the round
   * is taken back and attempted again, with the updates that the sites have kept.
   */
  async #doubted(site: string, now: number): Promise<void> {
    this.#doubting.add(site);
    if (this.#version === 0 || this.#doubting.size < requiredSites(this.study.spec)) return;
    const [code, round] = ["IMPOSSIBLE_SUM", this.#version];
    await this.writer.write(async ({ rounds, record }) => {
      await rounds.takeBack(this.study.name, round, code);
      record({ action: "round.taken-back", details: { round, code } });
    });
    this.#version -= 1;
    this.#doubting.clear();
    this.#log("round-taken-back", { round });
    if (this.#reporting === undefined) return this.#round?.abort(code, now);
    // It was the last round's: instead of reports, sums again.
    this.#reporting = undefined;
    this.#settled = undefined;
    await this.#next();
    await this.#announce();
  }

  /** The next attempt, the next round, or the reports. */
  async #next(): Promise<void> {
    const { rounds, sites, studies } = this.components;
    const past = await rounds.list(this.study.name);
    this.#members = await sites.members(await studies.approvals(this.study));
    this.audience.set(this.#members.map((member) => member.site));
    if (this.#version >= this.study.spec.rounds) {
      const last = past.find((row) => row.round === this.#version && row.phase === "completed");
      return this.#beginReporting(last?.cohort ?? []);
    }
    const terms = await RoundTerms.load(this.components, this.study);
    if (terms === undefined) return this.#finish("paused", "NO_ROSTER");
    const round = this.#version + 1;
    const attempts = past.filter((row) => row.round === round);
    await this.#begin(terms, { study: this.study.name, round, attempt: attempts.length + 1 }, pauseAfter(attempts));
  }

  async #beginReporting(participants: readonly string[]): Promise<void> {
    const { studies, clock } = this.components;
    const { name, spec } = this.study;
    this.#round = undefined;
    const reported = new Set((await studies.reports(name)).keys());
    const silenceMs = spec.silenceSeconds * 1000;
    this.#reporting = new Reporting({ participants, reported, silenceMs, now: clock.now() });
    for (const site of participants) if (!this.audience.has(site)) this.#reporting.leave(site);
    await this.#announce();
  }

  async #begin(terms: RoundTerms, reference: RoundReference, pause: number): Promise<void> {
    const now = this.components.clock.now();
    const { round, attempt } = reference;
    await this.writer.write(async ({ rounds, record }) => {
      await rounds.begin(reference, now);
      const details = { round, attempt, studyHash: this.study.hash, rosterHash: terms.rosterHash };
      record({ action: "round.began", details });
    });
    this.#terms = terms;
    this.#notes.clear();
    const { study } = this;
    const members = this.#members;
    this.#round = makeRound({
      study,
      terms,
      members,
      reference,
      version: this.#version,
      pause,
      now,
      notes: this.#notes,
    });
  }

  async #store(round: Round): Promise<void> {
    const { state, reference } = round;
    const figures = this.#notes.figures();
    await this.writer.write((stores) => recordRound(stores, round, figures, this.components.clock.now()));
    this.#times.entered(state, round.view().startedAt);
    if (state.phase === "completed") {
      this.#version = reference.round;
      this.#doubting.clear();
    }
    const code = state.phase === "aborted" ? { code: state.code } : {};
    this.#log("round", { round: reference.round, attempt: reference.attempt, phase: state.phase, ...code });
  }

  /** Nothing more to drive: the reports are in, or the study waits, for the reason `code`, to be resumed by hand. */
  async #finish(status: "completed" | "paused", code: string | null = null): Promise<void> {
    this.#over = true;
    this.#round = undefined;
    const reason = code === null ? {} : { code };
    await this.writer.write(async ({ studies, record }) => {
      if (await studies.move(this.study.name, ["running"], status, code))
        record({ action: `study.${status}`, details: reason });
    });
    this.#log("study", { phase: status, ...reason });
    this.audience.wait(status);
  }

  #announce(): Promise<void> {
    return this.audience.tellAll((site) => this.instructionFor(site));
  }

  /** For those who watch. */
  #changed(): void {
    this.components.feed.publish({ kind: "study", study: this.study.name });
  }

  #log(event: string, fields: Record<string, string | number>): void {
    this.components.logger.info(event, { study: this.study.name, ...fields });
  }
}
