import { RoundError } from "@fedbaps/core/federation/round-state.js";
import type { Instruction } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import type { StudyRow, StudyStatus } from "../store/study-repository.js";
import type { WaitReason } from "./audience.js";
import type { DriverComponents } from "./components.js";
import { RoundDriver } from "./round-driver.js";
import { SerialQueue } from "./serial-queue.js";

/**
 * The life of studies: `draft -> enrolling -> running <-> paused -> completed | aborted`. SQL is changed first, then
 * sites are told. Every command may be given twice.
 */
export class Studies {
  readonly #drivers = new Map<string, RoundDriver>();
  readonly #queue = new SerialQueue();

  constructor(private readonly components: DriverComponents) {}

  /** Takes up, after a start, every study that was running, and those that may run since. */
  async resumeAll(): Promise<void> {
    for (const study of await this.components.studies.list())
      try {
        if (study.status === "running") await this.#launch(study);
        else if (study.status === "enrolling") await this.#tryRun(study);
      } catch (error) {
        // A study that cannot go on has been paused with its reason by then; the others start.
        this.components.logger.error("study-not-resumed", { study: study.name, ...faultFields(error) });
      }
  }

  /** Stops driving; what is running goes on at the next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#drivers.values()].map((driver) => driver.stop()));
    await this.#queue.drained();
  }

  driver(study: string): RoundDriver | undefined {
    return this.#drivers.get(study);
  }

  create(spec: StudySpec): Promise<StudyRow> {
    return this.components.studies.create(spec, this.components.clock.now());
  }

  /** @throws CoordinatorError NOT_FOUND */
  async get(name: string): Promise<StudyRow> {
    const study = await this.components.studies.find(name);
    if (study === undefined) throw new CoordinatorError("NOT_FOUND", `there is no study ${name}`, { study: name });
    return study;
  }

  /** A message of the site that belongs to no round: for every study that waits for its report, it is there. */
  heard(site: string): void {
    for (const driver of this.#drivers.values()) driver.heard(site);
  }

  /** The study lead has signed a new roster: everybody is told, and open rounds begin anew under it. */
  rosterChanged(signed: SignedRoster): Promise<void> {
    return this.#queue.run(async () => {
      const { outbox, sites } = this.components;
      for (const { name } of await sites.list()) outbox.roster(name, signed);
      for (const driver of this.#drivers.values()) await driver.rosterChanged();
    });
  }

  /** @throws CoordinatorError CONFLICT unless the roster names every site of the study. */
  async #requireRoster({ name, spec }: StudyRow): Promise<void> {
    const roster = (await this.components.rosters.current())?.roster;
    const missing = spec.participation.sites.filter((site) => !roster?.members.some((member) => member.site === site));
    if (missing.length > 0)
      throw new CoordinatorError(
        "CONFLICT",
        `study ${name} cannot start: ${roster ? `the roster does not name ${missing.join(", ")}` : "there is no roster yet"}; the study lead makes the next one with: fedbaps-coordinator roster sign`,
        { study: name },
      );
  }

  /** draft -> enrolling: the sites are asked; -> running as soon as enough of them have approved. */
  async start(name: string): Promise<StudyRow> {
    await this.#requireRoster(await this.get(name));
    // From enrolling too: a start that was interrupted there is given again.
    return this.#command(name, ["draft", "enrolling"], "enrolling", ["running"], (study) => this.#tryRun(study));
  }

  /** running -> paused. The open round is aborted; what the sites have trained stays with them. */
  pause(name: string): Promise<StudyRow> {
    return this.#command(name, ["running"], "paused", ["paused"], (study) =>
      this.#halt(study, "STUDY_PAUSED", "paused"),
    );
  }

  /** paused -> running. */
  resume(name: string): Promise<StudyRow> {
    return this.#command(name, ["paused"], "running", ["running"], (study) => this.#launch(study));
  }

  /** any but completed -> aborted. */
  abort(name: string): Promise<StudyRow> {
    const from: StudyStatus[] = ["draft", "enrolling", "running", "paused"];
    return this.#command(name, from, "aborted", ["aborted"], (study) => this.#halt(study, "STUDY_ABORTED", "aborted"));
  }

  /** Stores which studies a site takes part in, by their hashes, and acts on what changed. */
  setApprovals(site: string, hashes: readonly string[]): Promise<void> {
    return this.#queue.run(async () => {
      const { studies } = this.components;
      for (const study of await this.#concerning(site, ["draft", "enrolling", "running", "paused"])) {
        const before = (await studies.approvals(study)).includes(site);
        const now = hashes.includes(study.hash);
        if (before === now) continue;
        await studies.setApproval(study.name, site, now ? study.hash : null);
        if (study.status === "enrolling") await this.#tryRun(study);
        else if (study.status === "running")
          await this.#membership(study, site, now ? undefined : "APPROVAL_WITHDRAWN");
      }
    });
  }

  /** The site was admitted again: its approvals count. */
  siteApproved(site: string): Promise<void> {
    return this.#queue.run(async () => {
      for (const study of await this.#concerning(site, ["enrolling", "running"])) {
        if (!(await this.components.studies.approvals(study)).includes(site)) continue;
        if (study.status === "enrolling") await this.#tryRun(study);
        else await this.#membership(study, site);
      }
    });
  }

  siteRevoked(site: string): Promise<void> {
    return this.#queue.run(async () => {
      for (const study of await this.#concerning(site, ["running"]))
        await this.#membership(study, site, "SITE_REVOKED");
    });
  }

  /** Sends a site the studies that are offered to it, and what each that it has approved wants from it now. */
  async refresh(site: string): Promise<void> {
    const { outbox, rosters } = this.components;
    outbox.roster(site, (await rosters.current()) ?? null);
    const concerning = await this.#concerning(site, ["enrolling", "running", "paused", "completed", "aborted"]);
    const owing = new Set<StudyRow>();
    for (const study of concerning)
      if (study.status === "completed" && (await this.#owesReport(study, site))) owing.add(study);
    const offered = concerning.filter(({ status }) => status !== "completed" && status !== "aborted");
    outbox.offer(
      site,
      [...offered, ...owing].map(({ spec, hash }) => ({ spec, hash })),
    );
    for (const study of concerning) {
      const { name, status, hash, version } = study;
      if (status === "enrolling" || !(await this.components.studies.approvals(study)).includes(site)) continue;
      if (status === "running") await this.#drivers.get(name)?.tell(site);
      else if (owing.has(study)) outbox.send(site, { phase: "report", study: name, studyHash: hash, version });
      else outbox.send(site, wait(name, status as WaitReason));
    }
  }

  /** Moves a study by compare-and-set, then acts; a study that is there already is left alone. */
  #command(
    name: string,
    from: StudyStatus[],
    to: StudyStatus,
    already: StudyStatus[],
    act: (study: StudyRow) => Promise<void>,
  ): Promise<StudyRow> {
    return this.#queue.run(async () => {
      const before = await this.get(name);
      if (already.includes(before.status)) return before;
      if (!(await this.components.studies.move(name, from, to)))
        throw new CoordinatorError("CONFLICT", `study ${name} is ${before.status}: it cannot become ${to}`, {
          study: name,
        });
      this.components.logger.info("study", { study: name, phase: to });
      const study = await this.get(name);
      await act(study);
      for (const site of study.spec.participation.sites) await this.refresh(site);
      return this.get(name);
    });
  }

  /** enrolling -> running, once enough sites have approved. */
  async #tryRun(study: StudyRow): Promise<void> {
    const { studies, sites, logger } = this.components;
    const members = await sites.members(await studies.approvals(study));
    const named = members.filter(({ site }) => study.spec.participation.sites.includes(site));
    if (named.length < requiredSites(study.spec)) return;
    if (!(await studies.move(study.name, ["enrolling"], "running"))) return;
    logger.info("study", { study: study.name, phase: "running" });
    await this.#launch(await this.get(study.name));
  }

  async #launch(study: StudyRow): Promise<void> {
    const driver = new RoundDriver(this.components, study);
    this.#drivers.set(study.name, driver);
    await driver.start();
  }

  async #halt(study: StudyRow, code: string, reason: WaitReason): Promise<void> {
    await this.#drivers.get(study.name)?.stop(code);
    this.#drivers.delete(study.name);
    for (const site of await this.components.studies.approvals(study))
      this.components.outbox.send(site, wait(study.name, reason));
  }

  /** A site came to a running study, or left it for the reason `code`. */
  async #membership(study: StudyRow, site: string, code?: string): Promise<void> {
    const driver = this.#drivers.get(study.name);
    try {
      if (code !== undefined) await driver?.leave(site, code);
      else for (const member of await this.components.sites.members([site])) await driver?.join(member);
    } catch (error) {
      // The study has ended meanwhile: its next start reads who is a member.
      if (!(error instanceof RoundError)) throw error;
    }
  }

  async #concerning(site: string, statuses: StudyStatus[]): Promise<StudyRow[]> {
    const studies = await this.components.studies.list();
    return studies.filter((study) => statuses.includes(study.status) && study.spec.participation.sites.includes(site));
  }

  async #owesReport(study: StudyRow, site: string): Promise<boolean> {
    const approved = (await this.components.studies.approvals(study)).includes(site);
    return approved && !(await this.components.studies.reports(study.name)).has(site);
  }
}

function wait(study: string, reason: WaitReason): Instruction {
  return { phase: "wait", study, reason };
}
