import { codeOf, FedBapsError } from "@fedbaps/core/common/errors.js";
import { Round } from "@fedbaps/core/federation/round.js";
import { RoundError, type RoundState, type RoundView } from "@fedbaps/core/federation/round-state.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { Failure, Instruction, Progress, Reply } from "@fedbaps/core/wire/messages.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import type { StudyRow } from "../store/study-repository.js";
import type { DriverComponents } from "./components.js";
import { Reporting } from "./reporting.js";
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
  /** The state that is in SQL and that the sites were told. */
  #settled: RoundState | undefined;
  #cancelTimer = () => {};
  #stopped = false;

  constructor(
    private readonly components: DriverComponents,
    study: StudyRow,
  ) {
    this.#study = study;
    this.#version = study.version;
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
      this.#reporting?.heard(site, now);
      if (this.#round === undefined) throw new RoundError("STALE", "no round is open");
      await this.#round.receive(site, reply, now);
    });
  }

  progress(site: string, progress: Progress): Promise<void> {
    return this.#event(async (now) => {
      this.#reporting?.heard(site, now);
      this.#round?.progress(site, progress, now);
    });
  }

  failed(site: string, { stage, code }: Failure): Promise<void> {
    return this.#event(async (now) => {
      this.#log("site-failed", { site, phase: stage, code });
      if (stage === "report") this.#reporting?.settle(site);
      else await this.#round?.siteFailed(site, code, now);
    });
  }

  /** The site's report is in SQL. */
  reported(site: string): Promise<void> {
    return this.#event(async () => this.#reporting?.settle(site));
  }

  async join(member: Member): Promise<void> {
    await this.#event(async (now) => this.#round?.join(member, now));
    await this.tell(member.site);
  }

  leave(site: string, code: string): Promise<void> {
    return this.#event(async (now) => this.#round?.leave(site, code, now));
  }

  /** Sends a site what is asked of it now; what is not stored yet is not said yet. */
  tell(site: string): Promise<void> {
    return this.#queue.run(async () => {
      const nothing: Instruction = { phase: "wait", study: this.#study.name, reason: "waiting-for-sites" };
      if (!this.#stopped) this.components.outbox.send(site, this.#instructionFor(site) ?? nothing);
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
        this.components.logger.error("study-failed", { study: this.#study.name, code: codeOf(error) });
        this.#stopped = true;
        this.#cancelTimer();
        await this.components.studies.move(this.#study.name, ["running"], "paused", "INTERNAL").catch(() => {});
        throw error;
      }
    });
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
    if (this.#version >= spec.rounds) {
      const last = past.find((row) => row.round === this.#version && row.phase === "completed");
      this.#round = undefined;
      this.#reporting = new Reporting({
        participants: last?.cohort ?? [],
        reported: new Set((await studies.reports(name)).keys()),
        silenceMs: spec.silenceSeconds * 1000,
        now,
      });
      this.#announce();
      return;
    }
    const round = this.#version + 1;
    const attempt = past.filter((row) => row.round === round).length + 1;
    const reference = { study: name, round, attempt };
    await rounds.begin(reference, now);
    this.#round = new Round({
      reference,
      study: spec,
      studyHash: hash,
      members: await sites.members(await studies.approvals(this.#study)),
      version: this.#version,
      vectorLength: vectorLengthOf(spec),
      now,
      notBefore: now + (attempt < 3 ? 0 : Math.min(LONGEST_PAUSE_SECONDS, 2 ** (attempt - 2)) * 1000),
    });
  }

  async #store(round: Round): Promise<void> {
    const { state, reference, dropOuts } = round;
    const cohort = "cohort" in state && state.cohort ? state.cohort.members.map((member) => member.site) : null;
    const endedAt = this.components.clock.now();
    if (state.phase === "completed") {
      const { sum, survivors } = state;
      const metrics = metricsOf(this.#study.spec, sum, cohort!.length, survivors);
      if (metrics === null) this.#log("metrics-unreadable", { round: reference.round });
      const result = { cohort: cohort!, survivors, dropOuts, metrics, sum: encodeRing(sum), endedAt };
      await this.components.rounds.complete(reference, result);
      this.#version = reference.round;
    } else if (state.phase === "aborted")
      await this.components.rounds.move(reference, { phase: "aborted", cohort, dropOuts, code: state.code, endedAt });
    else await this.components.rounds.move(reference, { phase: state.phase, cohort, dropOuts });
    const { round: number, attempt } = reference;
    const code = state.phase === "aborted" ? { code: state.code } : {};
    this.#log("round", { round: number, attempt, phase: state.phase, ...code });
  }

  async #complete(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.components.studies.move(this.#study.name, ["running"], "completed");
    this.#log("study", { phase: "completed" });
    for (const site of this.#study.spec.participation.sites)
      this.components.outbox.send(site, { phase: "wait", study: this.#study.name, reason: "completed" });
  }

  #announce(): void {
    for (const site of this.#study.spec.participation.sites) {
      const instruction = this.#instructionFor(site);
      if (instruction !== undefined) this.components.outbox.send(site, instruction);
    }
  }

  #log(event: string, fields: Record<string, string | number>): void {
    this.components.logger.info(event, { study: this.#study.name, ...fields });
  }
}
