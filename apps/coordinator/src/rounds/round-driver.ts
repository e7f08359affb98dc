import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { Round } from "@fedbaps/core/federation/round.js";
import { RoundError, type RoundState, type RoundView } from "@fedbaps/core/federation/round-state.js";
import type { Failure, Instruction, Progress, Reply } from "@fedbaps/core/wire/messages.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { requiredSites } from "@fedbaps/core/wire/study.js";
import { faultFields } from "../log.js";
import type { RoundMetrics } from "../store/round-repository.js";
import type { StudyRow } from "../store/study-repository.js";
import { Audience } from "./audience.js";
import type { DriverComponents } from "./components.js";
import { Reporting } from "./reporting.js";
import { recordRound } from "./round-record.js";
import { RoundTerms } from "./round-terms.js";
import { SerialQueue } from "./serial-queue.js";
import { metricsOf, vectorLengthOf } from "./sum-metrics.js";

/** Seconds before the third, fourth, ... attempt at a round may leave recruiting: no round fails in a tight loop. */
const LONGEST_PAUSE_SECONDS = 60;
/** Between a deadline and what follows from it. */
const GRACE_MILLISECONDS = 200;

/**
 * Drives the rounds of one running study: owns the timer, takes one event at a time, stores what changed, and only then
 * tells the sites. All decisions are in `Round` and `Reporting`.
 */
export class RoundDriver {
  readonly #queue = new SerialQueue();
  readonly #study: StudyRow;
  #version: number;
  #round: Round | undefined;
  #reporting: Reporting | undefined;
  readonly #audience: Audience;
  /** What the sum that was opened last says of its cohort. */
  #metrics: RoundMetrics = {};
  /** The state that is in SQL and that the sites were told. */
  #settled: RoundState | undefined;
  #cancelTimer = () => {};
  #stopped = false;
  /** What the open round is made under. */
  #terms: RoundTerms | undefined;
  /** Sites that cannot apply the newest sum. */
  readonly #doubting = new Set<string>();

  constructor(
    private readonly components: DriverComponents,
    study: StudyRow,
  ) {
    this.#study = study;
    this.#version = study.version;
    this.#audience = new Audience(components.outbox, study.name);
  }

  /** Goes on where SQL says that the study is. A round that was open is attempted again. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      await this.components.rounds.abortOpen(this.#study.name, "COORDINATOR_RESTARTED", this.components.clock.now());
      await this.#next();
      await this.#settle();
    });
  }

  /** Ends the open round with a code and stops. Without a code the round is left for the next start. */
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

  /** @throws RoundError or what the secure sum says about the answer. */
  receive(site: string, reply: Reply): Promise<void> {
    return this.#event(async (now) => {
      this.heard(site);
      if (this.#round === undefined) throw new RoundError("STALE", "no round is open");
      if (reply.phase === "recruiting" && reply.epoch !== undefined) await this.#terms?.take(reply.epoch, now);
      await this.#round.receive(site, reply, now);
    });
  }

  progress(site: string, progress: Progress): Promise<void> {
    return this.#event(async (now) => {
      this.heard(site);
      this.#round?.progress(site, progress, now);
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

  /** There is a new roster: the open round cannot end under the old one. */
  async rosterChanged(): Promise<void> {
    try {
      await this.#event(async (now) => this.#round?.abort("ROSTER_CHANGED", now));
    } catch (error) {
      // A study that is over, or has just been stopped, has no round; the others' are to hear of the roster.
      if (!(error instanceof RoundError)) throw error;
    }
  }

  /**
   * A site cannot apply the last sum. Only sites can read a sealed one; when as many say so as a round needs, the round
   * is taken back and attempted again, with the updates that the sites have kept.
   */
  async #doubted(site: string, now: number): Promise<void> {
    this.#doubting.add(site);
    if (this.#version === 0 || this.#doubting.size < requiredSites(this.#study.spec)) return;
    await this.components.rounds.takeBack(this.#study.name, this.#version, "IMPOSSIBLE_SUM");
    this.#version -= 1;
    this.#doubting.clear();
    this.#log("round-taken-back", { round: this.#version + 1 });
    if (this.#reporting === undefined) return this.#round?.abort("IMPOSSIBLE_SUM", now);
    // It was the last round's: instead of reports, sums again.
    this.#reporting = undefined;
    this.#settled = undefined;
    await this.#next();
    this.#announce();
  }

  /** The site's report is in SQL. */
  reported(site: string): Promise<void> {
    return this.#event(async () => this.#reporting?.reported(site));
  }

  /** A message of the site that asks nothing of this study: while reports are awaited, it says that the site is there. */
  heard(site: string): void {
    this.#reporting?.heard(site, this.components.clock.now());
  }

  async join(member: Member): Promise<void> {
    await this.#event(async (now) => {
      this.#audience.add(member.site);
      this.#reporting?.join(member.site, now);
      // One that the roster does not name waits for the next roster: with it no site would make a sum.
      if (this.#terms?.admits(member)) await this.#round?.join(member, now);
    });
    await this.tell(member.site);
  }

  leave(site: string, code: string): Promise<void> {
    return this.#event(async (now) => {
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

  /** What this site is asked now; undefined when there is nothing for it to do. */
  #instructionFor(site: string): Instruction | undefined {
    if (this.#reporting === undefined) return this.#round?.instructionFor(site);
    if (this.#reporting.hasReported(site)) return undefined;
    return { phase: "report", study: this.#study.name, studyHash: this.#study.hash, version: this.#version };
  }

  /** The open round; null while the study reports, and after its end. */
  view(): RoundView | null {
    return this.#round?.view() ?? null;
  }

  /** Whose report is waited for, and until when; null before the last round is complete. */
  reportingView(): { waitingFor: string[]; since: number; deadline: number | null } | null {
    const now = this.components.clock.now();
    const reporting = this.#reporting;
    if (reporting === undefined) return null;
    return { waitingFor: reporting.waitingFor(now), since: reporting.since, deadline: reporting.deadline(now) };
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

  /** A fault of our own pauses this study, and nobody else's. */
  #enqueue(task: () => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      try {
        await task();
      } catch (error) {
        if (error instanceof FedBapsError) throw error;
        await this.#giveUp(error);
        throw error;
      }
    });
  }

  async #giveUp(error: unknown): Promise<void> {
    const { clock, logger, rounds, studies } = this.components;
    const { name } = this.#study;
    this.#stopped = true;
    this.#cancelTimer();
    const log = (fault: unknown) => logger.error("study-failed", { study: name, ...faultFields(fault) });
    log(error);
    // Where it is the database that fails, the next start does both.
    await rounds.abortOpen(name, "INTERNAL", clock.now()).catch(log);
    await studies.move(name, ["running"], "paused", "INTERNAL").catch(log);
    this.#audience.wait("paused");
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
    const { name, spec, hash } = this.#study;
    const now = clock.now();
    const past = await rounds.list(name);
    const members = await sites.members(await studies.approvals(this.#study));
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
    const terms = await RoundTerms.load(this.components, this.#study);
    if (terms === undefined) return this.#pause("NO_ROSTER");
    this.#terms = terms;
    const round = this.#version + 1;
    const attempt = past.filter((row) => row.round === round).length + 1;
    const reference = { study: name, round, attempt };
    await rounds.begin(reference, now);
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
        this.#metrics = metricsOf(spec, sum, cohortSize, survivors);
      },
      notBefore: now + (attempt < 3 ? 0 : Math.min(LONGEST_PAUSE_SECONDS, 2 ** (attempt - 2)) * 1000),
    });
  }

  async #store(round: Round): Promise<void> {
    const { state, reference } = round;
    const { rounds, clock } = this.components;
    await recordRound(rounds, round, this.#metrics, clock.now());
    if (state.phase === "completed") {
      this.#version = reference.round;
      this.#doubting.clear();
    }
    const { round: number, attempt } = reference;
    const code = state.phase === "aborted" ? { code: state.code } : {};
    this.#log("round", { round: number, attempt, phase: state.phase, ...code });
  }

  /** A study that was begun before there were rosters waits for one; it is resumed by hand. */
  async #pause(reason: string): Promise<void> {
    this.#stopped = true;
    this.#round = undefined;
    await this.components.studies.move(this.#study.name, ["running"], "paused", reason);
    this.#log("study", { phase: "paused", code: reason });
    this.#audience.wait("paused");
  }

  async #complete(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.components.studies.move(this.#study.name, ["running"], "completed");
    this.#log("study", { phase: "completed" });
    this.#audience.wait("completed");
  }

  #announce(): void {
    this.#audience.tellAll((site) => this.#instructionFor(site));
  }

  #log(event: string, fields: Record<string, string | number>): void {
    this.components.logger.info(event, { study: this.#study.name, ...fields });
  }
}
