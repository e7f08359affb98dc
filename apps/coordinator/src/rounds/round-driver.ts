import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { Round } from "@fedbaps/core/federation/round.js";
import { RoundError, type RoundState, type RoundView } from "@fedbaps/core/federation/round-state.js";
import type { Failure, Instruction, Progress, Reply } from "@fedbaps/core/wire/messages.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { requiredSites } from "@fedbaps/core/wire/study.js";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import type { Lease } from "../store/lease-repository.js";
import { isDatabaseAway } from "../store/pool.js";
import type { StudyRow } from "../store/study-repository.js";
import { Audience } from "./audience.js";
import type { DriverComponents } from "./components.js";
import { Reporting, type ReportingView } from "./reporting.js";
import { RoundNotes } from "./round-notes.js";
import { recordRound } from "./round-record.js";
import { RoundTerms } from "./round-terms.js";
import { SerialQueue } from "./serial-queue.js";
import { StudyWriter } from "./study-writer.js";
import { metricsOf, vectorLengthOf } from "./sum-metrics.js";

/** Seconds before the third, fourth, ... attempt at a round may leave recruiting: no round fails in a tight loop. */
const LONGEST_PAUSE_SECONDS = 60;
/** Between a deadline and what follows from it. */
const GRACE_MILLISECONDS = 200;

/**
 * Drives the rounds of one running study, for as long as this process holds its lease: owns the timer, takes one event
 * at a time, stores what changed, and only then tells the sites. All decisions are in `Round` and `Reporting`.
 */
export class RoundDriver {
  readonly #queue = new SerialQueue();
  readonly #writer: StudyWriter;
  #version: number;
  #round: Round | undefined;
  #reporting: Reporting | undefined;
  readonly #audience: Audience;
  /** The members as they were read last, with their keys. */
  #members: readonly Member[] = [];
  readonly #notes = new RoundNotes();
  /** The phase that the open round is in, for the time that it takes. */
  #phase: { phase: RoundState["phase"]; since: number } = { phase: "aborted", since: 0 };
  /** The state that is in SQL and that the sites were told. */
  #settled: RoundState | undefined;
  #cancelTimer = () => {};
  #stopped = false;
  /** What the open round is made under. */
  #terms: RoundTerms | undefined;
  /** Sites that cannot apply the newest sum. */
  readonly #doubting = new Set<string>();

  /** @param ended is called once, when the driver stops by itself: the study is over or paused, or not its own any more. */
  constructor(
    private readonly components: DriverComponents,
    private readonly study: StudyRow,
    lease: Lease,
    private readonly ended: () => void = () => {},
  ) {
    this.#writer = new StudyWriter(components, lease);
    this.#version = study.version;
    this.#audience = new Audience(components.outbox, study.name);
  }

  get lease(): Lease {
    return this.#writer.lease;
  }

  /**
   * Goes on where SQL says that the study is. A round that was open is attempted again. What keeps it from starting is
   * stored and logged here, and ends the driver.
   */
  async start(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#writer.write(async ({ rounds, record }) => {
        const code = "COORDINATOR_RESTARTED";
        for (const { round, attempt } of await rounds.abortOpen(this.study.name, code, this.components.clock.now()))
          record({ action: "round.aborted", details: { round, attempt, code } });
      });
      await this.#next();
      await this.#settle();
    }).catch((error: unknown) => {
      if (!this.#stopped) return this.#giveUp(error);
    });
  }

  /** Ends the open round with a code and stops. Without a code the round is left for whoever drives next. */
  stop(code?: string): Promise<void> {
    this.#cancelTimer();
    return this.#queue.run(async () => {
      if (this.#stopped) return;
      this.#stopped = true;
      this.#cancelTimer();
      if (code === undefined || this.#round === undefined) return;
      this.#round.abort(code, this.components.clock.now());
      await this.#store(this.#round);
    });
  }

  /** Whether the site takes part in the study, as far as this driver knows. */
  knows(site: string): boolean {
    return this.#audience.has(site);
  }

  /** @throws RoundError or what the secure sum says about the answer. */
  receive(site: string, reply: Reply): Promise<void> {
    return this.#event(async (now) => {
      this.heard(site);
      const round = this.#round;
      if (round === undefined) throw new RoundError("STALE", "no round is open");
      if (reply.phase === "recruiting" && reply.epoch !== undefined)
        await this.#terms?.take(reply.epoch, (deal) =>
          this.#writer.write(({ epochs }) => epochs.keep(this.study.name, deal, now)),
        );
      await round.receive(site, reply, now);
      this.#notes.take(site, reply);
      this.#changed();
    });
  }

  progress(site: string, progress: Progress): Promise<void> {
    return this.#event(async (now) => {
      this.heard(site);
      this.#round?.progress(site, progress, now);
      this.#changed();
    });
  }

  failed(site: string, { stage, code }: Failure): Promise<void> {
    return this.#event(async (now) => {
      this.#log("site-failed", { site, phase: stage, code });
      this.heard(site);
      if (stage !== "report") await this.#round?.siteFailed(site, code, now);
      if (stage !== "recruiting" && code === "IMPOSSIBLE_SUM") await this.#doubted(site, now);
    });
  }

  /** Looks whether the roster is another by now: the open round cannot end under the old one. */
  rosterIs(hash: string): Promise<void> {
    return this.#quietly(async (now) => {
      if (this.#terms !== undefined && this.#terms.rosterHash !== hash) this.#round?.abort("ROSTER_CHANGED", now);
    });
  }

  /** The site's report is in SQL. */
  reported(site: string): Promise<void> {
    return this.#event(async () => this.#reporting?.reported(site));
  }

  /** These sites' reports are in SQL, whoever took them. */
  reportsAre(sites: Iterable<string>): Promise<void> {
    return this.#quietly(async () => {
      for (const site of sites) this.#reporting?.reported(site);
    });
  }

  /** A message of the site that asks nothing of this study: while reports are awaited, it says that the site is there. */
  heard(site: string): void {
    this.#reporting?.heard(site, this.components.clock.now());
  }

  /**
   * Takes note of who is a member by now, with which keys.
   * @param whyGone the code of why a site is none any more
   */
  async membersAre(members: readonly Member[], whyGone: (site: string) => string): Promise<void> {
    const same = (one: Member) =>
      members.some(
        ({ site, signKey, boxKey }) => one.site === site && one.signKey === signKey && one.boxKey === boxKey,
      );
    const gone = this.#members.filter((member) => !same(member));
    const known = (one: Member) => this.#members.some((member) => member.site === one.site && same(member));
    const come = members.filter((member) => !known(member));
    if (gone.length === 0 && come.length === 0) return;
    this.#members = members;
    for (const { site } of gone)
      await this.leave(site, members.some((member) => member.site === site) ? "KEYS_RENEWED" : whyGone(site));
    for (const member of come) await this.join(member);
  }

  async join(member: Member): Promise<void> {
    await this.#quietly(async (now) => {
      this.#audience.add(member.site);
      this.#reporting?.join(member.site, now);
      // One that the roster does not name waits for the next roster: with it no site would make a sum.
      if (this.#terms?.admits(member)) await this.#round?.join(member, now);
    });
    await this.tell(member.site);
  }

  leave(site: string, code: string): Promise<void> {
    return this.#quietly(async (now) => {
      this.#audience.remove(site);
      this.#reporting?.leave(site);
      await this.#round?.leave(site, code, now);
    });
  }

  /**
   * Sends a site what is asked of it now; what is not stored yet is not said yet. In the middle of a round, a site that
   * owes nothing is told nothing: its part goes on.
   */
  tell(site: string): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#stopped) return;
      const instruction = this.#instructionFor(site);
      if (instruction !== undefined) this.#audience.tell(site, instruction);
      else if (this.#round === undefined || this.#round.phase === "recruiting")
        this.#audience.wait("waiting-for-sites", [site]);
    });
  }

  /** Asks sites that are connected to other processes again for what they owe. */
  remind(): Promise<void> {
    return this.#queue.run(async () => {
      if (!this.#stopped) this.#audience.remind((site) => this.#instructionFor(site));
    });
  }

  /** The open round; null while the study reports, and after its end. */
  view(): RoundView | null {
    return this.#round?.view() ?? null;
  }

  /** Null before the last round is complete. */
  reportingView(): ReportingView | null {
    const now = this.components.clock.now();
    const reporting = this.#reporting;
    if (reporting === undefined) return null;
    return { waitingFor: reporting.waitingFor(now), since: reporting.since, deadline: reporting.deadline(now) };
  }

  /**
   * A site cannot apply the last sum. Only sites can read a sealed one; when as many say so as a round needs, the round
   * is taken back and attempted again, with the updates that the sites have kept.
   */
  async #doubted(site: string, now: number): Promise<void> {
    this.#doubting.add(site);
    if (this.#version === 0 || this.#doubting.size < requiredSites(this.study.spec)) return;
    const code = "IMPOSSIBLE_SUM";
    const round = this.#version;
    await this.#writer.write(async ({ rounds, record }) => {
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
    this.#announce();
  }

  /** What this site is asked now; undefined when there is nothing for it to do. */
  #instructionFor(site: string): Instruction | undefined {
    if (this.#reporting === undefined) return this.#round?.instructionFor(site);
    if (this.#reporting.hasReported(site)) return undefined;
    return { phase: "report", study: this.study.name, studyHash: this.study.hash, version: this.#version };
  }

  #event(handle: (now: number) => Promise<void>): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#stopped) throw new RoundError("STALE", "the study is not running");
      try {
        await handle(this.components.clock.now());
      } finally {
        await this.#settle();
      }
    });
  }

  /** A study that is over, or has just been stopped, has nothing to change any more. */
  async #quietly(handle: (now: number) => Promise<void>): Promise<void> {
    try {
      await this.#event(handle);
    } catch (error) {
      if (!(error instanceof RoundError)) throw error;
    }
  }

  /** A fault of our own pauses this study, and nobody else's. */
  #enqueue(task: () => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      try {
        await task();
      } catch (error) {
        if (isLeaseLost(error) || isDatabaseAway(error)) {
          this.#letGo(error);
          throw new CoordinatorError("NOT_DRIVEN", `study ${this.study.name} is about to be driven anew`);
        }
        if (error instanceof FedBapsError) throw error;
        await this.#giveUp(error);
        throw error;
      }
    });
  }

  /** Another process drives the study, or the database is away: what SQL says goes on, here or there. */
  #letGo(error: unknown): void {
    this.#stopped = true;
    this.#cancelTimer();
    this.components.logger.warn("study-let-go", { study: this.study.name, code: faultFields(error).code });
    this.ended();
  }

  async #giveUp(error: unknown): Promise<void> {
    const { clock, logger } = this.components;
    const { name } = this.study;
    this.#stopped = true;
    this.#cancelTimer();
    const log = (fault: unknown) => logger.error("study-failed", { study: name, ...faultFields(fault) });
    log(error);
    await this.#writer
      .write(async ({ rounds, studies, record }) => {
        for (const { round, attempt } of await rounds.abortOpen(name, "INTERNAL", clock.now()))
          record({ action: "round.aborted", details: { round, attempt, code: "INTERNAL" } });
        if (await studies.move(name, ["running"], "paused", "INTERNAL"))
          record({ action: "study.paused", details: { code: "INTERNAL" } });
      })
      // Where it is the database that fails, the next start does both.
      .catch(log);
    this.#audience.wait("paused");
    this.ended();
  }

  /** Stores and announces what changed, begins what comes next, and sets the timer. */
  async #settle(): Promise<void> {
    while (!this.#stopped && this.#round !== undefined && this.#round.state !== this.#settled) {
      const round = this.#round;
      this.#settled = round.state;
      await this.#store(round);
      if (round.finished) await this.#next();
      else this.#announce();
    }
    const { clock } = this.components;
    if (this.#reporting !== undefined && this.#reporting.waitingFor(clock.now()).length === 0) await this.#complete();
    this.#cancelTimer();
    const deadline = this.#stopped ? null : (this.#reporting?.deadline(clock.now()) ?? this.#round?.deadline() ?? null);
    if (deadline === null) return;
    this.#cancelTimer = clock.after(Math.max(1, deadline - clock.now()), () => {
      // Where this process itself was held up, messages that came in time are still unread: they are read first.
      this.#cancelTimer = clock.after(GRACE_MILLISECONDS, () => {
        // A fault is logged and stored where it happens.
        this.#event(async (now) => this.#round?.tick(now)).catch(() => {});
      });
    });
  }

  /** The next attempt, the next round, or the reports. */
  async #next(): Promise<void> {
    const { clock, rounds, sites, studies } = this.components;
    const { name, spec } = this.study;
    const now = clock.now();
    const past = await rounds.list(name);
    const members = await sites.members(await studies.approvals(this.study));
    this.#members = members;
    this.#audience.set(members.map((member) => member.site));
    if (this.#version >= spec.rounds) {
      const last = past.find((row) => row.round === this.#version && row.phase === "completed");
      this.#round = undefined;
      this.#reporting = new Reporting({
        participants: last?.cohort ?? [],
        reported: new Set((await studies.reports(name)).keys()),
        silenceMs: spec.silenceSeconds * 1000,
        now,
      });
      for (const site of last?.cohort ?? []) if (!this.#audience.has(site)) this.#reporting.leave(site);
      this.#announce();
      return;
    }
    const terms = await RoundTerms.load(this.components, this.study);
    if (terms === undefined) return this.#pause("NO_ROSTER");
    this.#terms = terms;
    const round = this.#version + 1;
    await this.#begin(terms, members, round, past.filter((row) => row.round === round).length + 1);
  }

  async #begin(terms: RoundTerms, members: readonly Member[], number: number, attempt: number): Promise<void> {
    const { spec, hash, name } = this.study;
    const now = this.components.clock.now();
    const reference = { study: name, round: number, attempt };
    await this.#writer.write(async ({ rounds, record }) => {
      await rounds.begin(reference, now);
      const details = { round: number, attempt, studyHash: hash, rosterHash: terms.rosterHash };
      record({ action: "round.began", details });
    });
    this.#notes.clear();
    this.#round = new Round({
      reference,
      study: spec,
      studyHash: hash,
      ...terms.init,
      members: members.filter((member) => terms.admits(member)),
      version: this.#version,
      vectorLength: vectorLengthOf(spec),
      now,
      checkSum: (sum, cohortSize, survivors) => {
        this.#notes.metrics = metricsOf(spec, sum, cohortSize, survivors);
      },
      notBefore: now + (attempt < 3 ? 0 : Math.min(LONGEST_PAUSE_SECONDS, 2 ** (attempt - 2)) * 1000),
    });
  }

  async #store(round: Round): Promise<void> {
    const { state, reference } = round;
    const { clock, telemetry } = this.components;
    const figures = this.#notes.figures();
    await this.#writer.write((stores) => recordRound(stores, round, figures, clock.now()));
    this.#phaseEnded(state.phase);
    if (state.phase === "completed") {
      this.#version = reference.round;
      this.#doubting.clear();
    }
    const { round: number, attempt } = reference;
    const code = state.phase === "aborted" ? state.code : null;
    if (state.phase === "completed" || state.phase === "aborted")
      telemetry.roundEnded(state.phase, code, (clock.now() - round.view().startedAt) / 1000);
    this.#log("round", { round: number, attempt, phase: state.phase, ...(code === null ? {} : { code }) });
  }

  /** A study that was begun before there were rosters waits for one; it is resumed by hand. */
  async #pause(code: string): Promise<void> {
    this.#stopped = true;
    this.#round = undefined;
    await this.#writer.write(async ({ studies, record }) => {
      if (await studies.move(this.study.name, ["running"], "paused", code))
        record({ action: "study.paused", details: { code } });
    });
    this.#log("study", { phase: "paused", code });
    this.#audience.wait("paused");
    this.ended();
  }

  async #complete(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#writer.write(async ({ studies, record }) => {
      if (await studies.move(this.study.name, ["running"], "completed")) record({ action: "study.completed" });
    });
    this.#log("study", { phase: "completed" });
    this.#audience.wait("completed");
    this.ended();
  }

  #phaseEnded(next: RoundState["phase"]): void {
    const now = this.components.clock.now();
    const { phase, since } = this.#phase;
    if (phase !== "completed" && phase !== "aborted") this.components.telemetry.phaseEnded(phase, (now - since) / 1000);
    this.#phase = { phase: next, since: now };
  }

  /** For those who watch. */
  #changed(): void {
    this.components.feed.publish({ kind: "study", study: this.study.name });
  }

  #announce(): void {
    this.#audience.tellAll((site) => this.#instructionFor(site));
  }

  #log(event: string, fields: Record<string, string | number>): void {
    this.components.logger.info(event, { study: this.study.name, ...fields });
  }
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof CoordinatorError && error.code === "LEASE_LOST";
}
