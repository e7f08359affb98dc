import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { RoundError, type RoundView } from "@fedbaps/core/federation/round-state.js";
import type { Failure, Progress, Reply } from "@fedbaps/core/wire/messages.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import type { Lease } from "../store/lease-repository.js";
import { isDatabaseAway } from "../store/pool.js";
import type { StudyRow } from "../store/study-repository.js";
import type { DriverComponents } from "./components.js";
import type { ReportingView } from "./reporting.js";
import { SerialQueue } from "./serial-queue.js";
import { StudyCourse } from "./study-course.js";
import { StudyWriter } from "./study-writer.js";

/** Between a deadline and what follows from it. */
const GRACE_MILLISECONDS = 200;

/**
 * Drives one running study, for as long as this process holds its lease: takes one event at a time, owns the timer, and
 * decides what a fault means. What the events do is in `StudyCourse`.
 */
export class RoundDriver {
  readonly #queue = new SerialQueue();
  readonly #writer: StudyWriter;
  readonly #course: StudyCourse;
  #cancelTimer = () => {};
  #stopped = false;

  /** @param ended is called once, when the driver stops by itself: the study is over or paused, or not its own any more. */
  constructor(
    private readonly components: DriverComponents,
    private readonly study: StudyRow,
    lease: Lease,
    private readonly ended: () => void = () => {},
  ) {
    this.#writer = new StudyWriter(components, lease);
    this.#course = new StudyCourse(components, study, this.#writer);
  }

  get lease(): Lease {
    return this.#writer.lease;
  }

  /**
   * Goes on where SQL says that the study is. What keeps it from starting is stored and logged here, and ends the
   * driver.
   */
  async start(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#course.takeUp();
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
      if (code !== undefined) await this.#course.end(code);
    });
  }

  /** Whether the site takes part in the study, as far as this driver knows. */
  knows(site: string): boolean {
    return this.#course.audience.has(site);
  }

  /** @throws RoundError or what the secure sum says about the answer. */
  receive(site: string, reply: Reply): Promise<void> {
    return this.#event((now) => {
      this.#course.heard(site, now);
      return this.#course.receive(site, reply, now);
    });
  }

  progress(site: string, progress: Progress): Promise<void> {
    return this.#event(async (now) => {
      this.#course.heard(site, now);
      this.#course.progress(site, progress, now);
    });
  }

  failed(site: string, failure: Failure): Promise<void> {
    return this.#event((now) => {
      this.#course.heard(site, now);
      return this.#course.failed(site, failure, now);
    });
  }

  /** The roster has this hash by now: the open round cannot end under another. */
  rosterIs(hash: string): Promise<void> {
    return this.#quietly(async (now) => this.#course.rosterIs(hash, now));
  }

  /** The site's report is in SQL. */
  reported(site: string): Promise<void> {
    return this.#event(async () => this.#course.reported(site));
  }

  /** These sites' reports are in SQL, whoever took them. */
  reportsAre(sites: Iterable<string>): Promise<void> {
    return this.#quietly(async () => {
      for (const site of sites) this.#course.reported(site);
    });
  }

  /** A message of the site that asks nothing of this study: while reports are awaited, it says that the site is there. */
  heard(site: string): void {
    this.#course.heard(site, this.components.clock.now());
  }

  /**
   * Takes note of who is a member by now, with which keys.
   * @param whyGone the code of why a site is none any more
   */
  async membersAre(members: readonly Member[], whyGone: (site: string) => string): Promise<void> {
    let come: string[] = [];
    await this.#quietly(async (now) => {
      come = await this.#course.membersAre(members, whyGone, now);
    });
    for (const site of come) await this.tell(site);
  }

  /** Sends a site what is asked of it now; what is not stored yet is not said yet. */
  tell(site: string): Promise<void> {
    return this.#queue.run(async () => {
      if (!this.#stopped) this.#course.tell(site);
    });
  }

  /** Asks sites that are connected to other processes again for what they owe. */
  remind(): Promise<void> {
    return this.#queue.run(async () => {
      if (!this.#stopped) await this.#course.audience.remind((site) => this.#course.instructionFor(site));
    });
  }

  /** The open round; null while the study reports, and after its end. */
  view(): RoundView | null {
    return this.#course.view();
  }

  /** Null before the last round is complete. */
  reportingView(): ReportingView | null {
    return this.#course.reportingView();
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

  /** Stores and announces what changed, and sets the timer. */
  async #settle(): Promise<void> {
    if (this.#stopped) return;
    await this.#course.settle();
    this.#cancelTimer();
    if (this.#course.over) {
      this.#stopped = true;
      this.ended();
      return;
    }
    const { clock } = this.components;
    const { deadline } = this.#course;
    if (deadline === null) return;
    this.#cancelTimer = clock.after(Math.max(1, deadline - clock.now()), () => {
      // Where this process itself was held up, messages that came in time are still unread: they are read first.
      this.#cancelTimer = clock.after(GRACE_MILLISECONDS, () => {
        // A fault is logged and stored where it happens.
        this.#event((now) => this.#course.tick(now)).catch(() => {});
      });
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
    const code = "INTERNAL";
    const log = (fault: unknown) => logger.error("study-failed", { study: name, ...faultFields(fault) });
    log(error);
    await this.#writer
      .write(async ({ rounds, studies, record }) => {
        for (const { round, attempt } of await rounds.abortOpen(name, code, clock.now()))
          record({ action: "round.aborted", details: { round, attempt, code } });
        if (await studies.move(name, ["running"], "paused", code))
          record({ action: "study.paused", details: { code } });
      })
      // Where it is the database that fails, the next start does both.
      .catch(log);
    this.#course.audience.wait("paused");
    this.ended();
  }
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof CoordinatorError && error.code === "LEASE_LOST";
}
