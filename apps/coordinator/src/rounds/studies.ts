import type { SiteReport } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { AuditAction } from "../audit/actions.js";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import type { StudyRow, StudyStatus } from "../store/study-repository.js";
import { turn } from "../turns.js";
import type { LiveStudy, StudiesComponents } from "./components.js";
import { Drivers } from "./drivers.js";
import { requireRoster } from "./required-roster.js";
import type { RoundDriver } from "./round-driver.js";
import { SerialQueue } from "./serial-queue.js";
import { StudyOffers } from "./study-offers.js";
import { StudyRegister } from "./study-register.js";

const OPEN: readonly StudyStatus[] = ["draft", "enrolling", "running", "paused"];

/**
 * The life of studies: `draft -> enrolling -> running <-> paused -> completed | aborted`. Every command changes SQL
 * first, with its audit record; then this process and the others look at SQL and act (`reconcile`). Every command may be
 * given twice.
 */
export class Studies {
  /** Drafts: made, changed, copied. */
  readonly register: StudyRegister;
  readonly #queue = new SerialQueue();
  readonly #offers: StudyOffers;
  readonly #drivers: Drivers;
  #coming: Promise<void> | undefined;

  constructor(private readonly components: StudiesComponents) {
    this.register = new StudyRegister(components);
    this.#offers = new StudyOffers(components);
    this.#drivers = new Drivers(components, () => this.attend());
  }

  /**
   * Looks at SQL and acts: takes up running studies that nobody drives, stops driving those that do not run any more,
   * begins those that enough sites have approved, and tells its drivers of members, rosters and reports that have come.
   */
  reconcile(): Promise<void> {
    // Whoever asks while a look is still to begin shares it: a thousand approvals need not be a thousand looks.
    this.#coming ??= this.#queue.run(async () => {
      this.#coming = undefined;
      await this.#reconcile();
    });
    return this.#coming;
  }

  /** The same soon, for somebody who does not wait for it. */
  attend(): void {
    this.reconcile().catch((error: unknown) => {
      this.components.logger.warn("not-reconciled", { code: faultFields(error).code });
    });
  }

  /** Stops driving; what is running goes on at another process or at the next start. */
  async close(): Promise<void> {
    await this.#queue.drained();
    await this.#drivers.close();
  }

  /** The driver of a study, if this process drives it. */
  driver(study: string): RoundDriver | undefined {
    return this.#drivers.get(study);
  }

  /** Who drives a study; waits a while for somebody to take it up. @throws CoordinatorError NOT_DRIVEN */
  locate(study: string): Promise<"here" | string | undefined> {
    return this.#drivers.locate(study);
  }

  /** How a running study stands, wherever it is driven. */
  live(study: string): Promise<LiveStudy> {
    return this.#drivers.live(study);
  }

  /** @throws CoordinatorError NOT_FOUND */
  get(name: string): Promise<StudyRow> {
    return this.register.get(name);
  }

  /** A message of the site that belongs to no round: for every study that waits for its report, it is there. */
  heard(site: string): void {
    this.#drivers.heard(site);
  }

  /** The same, said by another process. */
  heardElsewhere(site: string): void {
    this.#drivers.heardHere(site);
  }

  /** draft -> enrolling: the sites are asked; -> running as soon as enough of them have approved. */
  async start(name: string, actor = "coordinator"): Promise<StudyRow> {
    await requireRoster(this.components.rosters, await this.get(name));
    // From enrolling too: a start that was interrupted there is given again.
    return this.#command(name, ["draft"], "enrolling", ["enrolling", "running"], "study.started", actor);
  }

  /** running -> paused. The open round is aborted; what the sites have trained stays with them. */
  pause(name: string, actor = "coordinator"): Promise<StudyRow> {
    return this.#command(name, ["running"], "paused", ["paused"], "study.paused", actor);
  }

  /** paused -> running. */
  resume(name: string, actor = "coordinator"): Promise<StudyRow> {
    return this.#command(name, ["paused"], "running", ["running"], "study.resumed", actor);
  }

  /** any but completed -> aborted. */
  abort(name: string, actor = "coordinator"): Promise<StudyRow> {
    return this.#command(name, [...OPEN], "aborted", ["aborted"], "study.aborted", actor);
  }

  /** Stores which studies a site takes part in, by their hashes, and acts on what changed. */
  async setApprovals(site: string, hashes: readonly string[]): Promise<void> {
    const changed: string[] = [];
    for (const study of await this.#offers.concerning(site, OPEN)) {
      const before = await this.components.studies.hasApproved(study, site);
      const now = hashes.includes(study.hash);
      if (before === now) continue;
      const action = now ? "study.approved" : "study.approval-withdrawn";
      await this.register.record(action, `site:${site}`, study.name, async (studies) => {
        await studies.setApproval(study.name, site, now ? study.hash : null);
        return { study, changed: true, site };
      });
      changed.push(study.name);
    }
    if (changed.length > 0) await this.#actAndTell();
  }

  /** A site was approved, revoked or has new keys. */
  sitesChanged(): Promise<void> {
    this.components.feed.publish({ kind: "sites" });
    return this.#actAndTell();
  }

  /** The study lead has signed a new roster: everybody is told, and open rounds begin anew under it. */
  async rosterChanged(signed: SignedRoster): Promise<void> {
    const { outbox, sites, feed } = this.components;
    for (const { name } of await sites.list()) {
      await turn();
      outbox.roster(name, signed);
    }
    feed.publish({ kind: "roster" });
    await this.#actAndTell();
  }

  /** Keeps a site's report. @param sha256 of its canonical JSON, for the audit log. */
  async reported(site: string, report: SiteReport, sha256: string): Promise<void> {
    await this.register.record("report.received", `site:${site}`, report.study, async (studies) => {
      const known = (await studies.reports(report.study)).has(site);
      await studies.saveReport(site, report, this.components.clock.now());
      return { study: await this.register.get(report.study, studies), changed: !known, site, details: { sha256 } };
    });
  }

  /** Sends a site the studies that are offered to it, and what each that it has approved wants from it now. */
  async refresh(site: string): Promise<void> {
    await this.#offers.send(site, (study) => this.#drivers.get(study)?.tell(site));
    this.components.cluster.tell({ kind: "arrived", site });
  }

  /** A site has connected to another process: it hears what the studies driven here ask of it. */
  arrivedElsewhere(site: string): void {
    for (const driver of this.#drivers.all()) if (driver.knows(site)) void driver.tell(site);
  }

  /** Moves a study by compare-and-set, then acts; a study that is there already is left alone. */
  async #command(
    name: string,
    from: StudyStatus[],
    to: StudyStatus,
    already: StudyStatus[],
    action: AuditAction,
    actor: string,
  ): Promise<StudyRow> {
    const moved = await this.register.record(action, actor, name, async (studies) => {
      const before = await this.register.get(name, studies);
      if (already.includes(before.status)) return { study: before, changed: false };
      if (!(await studies.move(name, from, to)))
        throw new CoordinatorError("CONFLICT", `study ${name} is ${before.status}: it cannot become ${to}`, {
          study: name,
        });
      this.components.logger.info("study", { study: name, phase: to });
      return { study: await this.register.get(name, studies), changed: true };
    });
    await this.#actAndTell();
    for (const site of moved.spec.participation.sites) await this.refresh(site);
    return this.get(name);
  }

  /** Acts on what SQL says now; the other processes do too. */
  async #actAndTell(): Promise<void> {
    this.components.cluster.tell({ kind: "reconcile" });
    await this.reconcile();
  }

  async #reconcile(): Promise<void> {
    const { studies } = this.components;
    let begun = false;
    const before = await studies.list();
    for (const study of before) if (study.status === "enrolling") begun = (await this.#drivers.tryRun(study)) || begun;
    await this.#drivers.reconcile(begun ? await studies.list() : before);
  }
}
