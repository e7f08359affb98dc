import type { RoundView } from "@fedbaps/core/federation/round-state.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import { requiredSites } from "@fedbaps/core/wire/study.js";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import { isDatabaseAway } from "../store/pool.js";
import { membersOf, type SiteRow } from "../store/site-repository.js";
import { StudyRepository, type StudyRow } from "../store/study-repository.js";
import type { LiveStudy, StudiesComponents } from "./components.js";
import { RoundDriver } from "./round-driver.js";

/** How long a message waits for somebody to drive its study. */
const LOCATE_MILLISECONDS = 20_000;
const LOOK_MILLISECONDS = 200;
/** Between a driver that let go and the next attempt to drive. */
const AGAIN_MILLISECONDS = 1000;
/** How often sites at other processes are asked again for what they owe. */
const REMIND_MILLISECONDS = 5000;
/** How often another process is told that a site was heard. */
const HEARD_MILLISECONDS = 5000;

/** What concerns all studies, as SQL has it. */
interface Standing {
  readonly sites: readonly SiteRow[];
  readonly rosterHash: string | undefined;
}

/** The drivers of this process: which studies it drives follows from SQL, and from the leases that it gets. */
export class Drivers {
  readonly #drivers = new Map<string, RoundDriver>();
  readonly #toldHeard = new Map<string, number>();
  #reminded = 0;
  #cancelAgain = () => {};
  #closed = false;

  /** @param attend asks for another look at SQL, soon. */
  constructor(
    private readonly components: StudiesComponents,
    private readonly attend: () => void,
  ) {}

  get(study: string): RoundDriver | undefined {
    return this.#drivers.get(study);
  }

  all(): RoundDriver[] {
    return [...this.#drivers.values()];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelAgain();
    for (const [name, driver] of this.#drivers) {
      await driver.stop();
      await this.components.leases.release(driver.lease).catch(() => {});
      this.#drivers.delete(name);
    }
  }

  heard(site: string): void {
    this.heardHere(site);
    const { cluster, clock } = this.components;
    if (!cluster.shared || clock.now() - (this.#toldHeard.get(site) ?? 0) < HEARD_MILLISECONDS) return;
    this.#toldHeard.set(site, clock.now());
    cluster.tell({ kind: "heard", site });
  }

  heardHere(site: string): void {
    for (const driver of this.#drivers.values()) driver.heard(site);
  }

  /** @returns `here`, the other replica that drives it, or undefined for a study that does not run. */
  async locate(name: string): Promise<"here" | string | undefined> {
    const { studies, leases, replica, clock } = this.components;
    for (const end = clock.now() + LOCATE_MILLISECONDS; ; ) {
      if (this.#drivers.has(name)) return "here";
      if ((await studies.find(name))?.status !== "running") return undefined;
      const holder = (await leases.holders()).get(name);
      if (holder !== undefined && holder !== replica) return holder;
      if (clock.now() >= end)
        throw new CoordinatorError("NOT_DRIVEN", `no process drives study ${name} at this moment`, { study: name });
      await new Promise<void>((resolve) => clock.after(LOOK_MILLISECONDS, resolve));
    }
  }

  async live(name: string): Promise<LiveStudy> {
    const { leases, replica, cluster } = this.components;
    const driver = this.#drivers.get(name);
    if (driver !== undefined) return { driver: replica, round: driver.view(), reporting: driver.reportingView() };
    const holder = cluster.shared ? (await leases.holders()).get(name) : undefined;
    if (holder === undefined || holder === replica) return { driver: null, round: null, reporting: null };
    const nothing = { round: null, reporting: null };
    const found = await cluster.ask(holder, { kind: "view", study: name }).catch(() => nothing);
    // Made by `live` of the same program; it is shown, and nothing else follows from it.
    const { round, reporting } = found as { round: RoundView | null; reporting: LiveStudy["reporting"] };
    return { driver: holder, round, reporting };
  }

  /** enrolling -> running, once enough sites have approved. @returns whether it runs now */
  async tryRun(study: StudyRow): Promise<boolean> {
    const { studies, sites, audit, logger } = this.components;
    const members = await sites.members(await studies.approvals(study));
    const named = members.filter(({ site }) => study.spec.participation.sites.includes(site));
    if (named.length < requiredSites(study.spec)) return false;
    const moved = await audit.within(async (transaction) => {
      const result = await new StudyRepository(transaction).move(study.name, ["enrolling"], "running");
      const entry = { actor: "coordinator", action: "study.running", study: study.name } as const;
      return { result, entry: result ? entry : undefined };
    });
    if (moved) logger.info("study", { study: study.name, phase: "running" });
    return moved;
  }

  /** Drives what runs and is free, and nothing else. */
  async reconcile(studies: readonly StudyRow[]): Promise<void> {
    if (this.#closed) return;
    const { cluster, clock } = this.components;
    const remind = cluster.shared && clock.now() - this.#reminded >= REMIND_MILLISECONDS;
    if (remind) this.#reminded = clock.now();
    const running = studies.some(({ status }) => status === "running");
    const standing = running ? await this.#standing() : undefined;
    for (const study of studies) {
      const driver = this.#drivers.get(study.name);
      try {
        if (standing !== undefined && study.status === "running")
          await (driver === undefined ? this.#launch(study) : this.#follow(driver, study, standing));
        else if (driver !== undefined) await this.#halt(driver, study);
        if (remind) await this.#drivers.get(study.name)?.remind();
      } catch (error) {
        // A study that cannot go on has been paused with its reason by then; the others go on.
        const fields = { study: study.name, ...faultFields(error) };
        this.components.logger[isDatabaseAway(error) ? "warn" : "error"]("study-not-driven", fields);
      }
    }
  }

  async #launch(study: StudyRow): Promise<void> {
    const { leases, audit, telemetry, logger, replica, cluster } = this.components;
    const lease = await leases.acquire(study.name);
    if (lease === undefined) return;
    telemetry.leaseTaken(lease.expired ? "expired" : "free");
    if (cluster.shared) {
      logger.info("lease", { study: study.name });
      await audit.record({
        actor: "coordinator",
        action: "lease.taken",
        study: study.name,
        details: { replica, expired: lease.expired },
      });
    }
    const driver: RoundDriver = new RoundDriver(this.components, study, lease, () => this.#ended(study.name, driver));
    this.#drivers.set(study.name, driver);
    await driver.start();
  }

  async #standing(): Promise<Standing> {
    const { sites, rosters } = this.components;
    const signed = await rosters.current();
    return { sites: await sites.list(), rosterHash: signed && rosterHash(signed.roster) };
  }

  /** Members, rosters and reports may have come by another process. */
  async #follow(driver: RoundDriver, study: StudyRow, { sites, rosterHash: hash }: Standing): Promise<void> {
    const { studies } = this.components;
    const admitted = membersOf(sites, await studies.approvals(study));
    const revoked = new Set(sites.filter(({ status }) => status !== "approved").map(({ name }) => name));
    await driver.membersAre(admitted, (site) => (revoked.has(site) ? "SITE_REVOKED" : "APPROVAL_WITHDRAWN"));
    if (hash !== undefined) await driver.rosterIs(hash);
    if (driver.reportingView() !== null) await driver.reportsAre((await studies.reports(study.name)).keys());
  }

  async #halt(driver: RoundDriver, study: StudyRow): Promise<void> {
    const { studies, outbox, leases } = this.components;
    const { name, status } = study;
    this.#drivers.delete(name);
    if (status === "paused" || status === "aborted") {
      await driver.stop(status === "paused" ? "STUDY_PAUSED" : "STUDY_ABORTED");
      for (const site of await studies.approvals(study))
        outbox.send(site, { phase: "wait", study: name, reason: status });
    } else await driver.stop();
    await leases.release(driver.lease);
  }

  /** A driver has stopped by itself: its study is over, paused, or to be taken up again by whoever can. */
  #ended(name: string, driver: RoundDriver): void {
    if (this.#drivers.get(name) !== driver) return;
    this.#drivers.delete(name);
    this.components.feed.publish({ kind: "study", study: name });
    void this.components.leases.release(driver.lease).catch(() => {});
    this.#cancelAgain();
    if (!this.#closed) this.#cancelAgain = this.components.clock.after(AGAIN_MILLISECONDS, this.attend);
  }
}
