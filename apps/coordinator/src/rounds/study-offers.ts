import type { StudyRow, StudyStatus } from "../store/study-repository.js";
import type { WaitReason } from "./audience.js";
import type { StudiesComponents } from "./components.js";

/** What a site hears when it connects, and when something changes: the roster, the studies, what is wanted of it. */
export class StudyOffers {
  constructor(private readonly components: Pick<StudiesComponents, "studies" | "rosters" | "outbox">) {}

  /** @param tell sends what a running study asks of the site, if it is driven here */
  async send(site: string, tell: (study: string) => Promise<void> | undefined): Promise<void> {
    const { outbox, rosters, studies } = this.components;
    outbox.roster(site, (await rosters.current()) ?? null);
    const concerning = await this.concerning(site, ["enrolling", "running", "paused", "completed", "aborted"]);
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
      if (status === "enrolling" || !(await studies.hasApproved(study, site))) continue;
      if (status === "running") await tell(name);
      else if (owing.has(study)) outbox.send(site, { phase: "report", study: name, studyHash: hash, version });
      else outbox.send(site, { phase: "wait", study: name, reason: status as WaitReason });
    }
  }

  /** The studies of these statuses that name the site. */
  async concerning(site: string, statuses: readonly StudyStatus[]): Promise<StudyRow[]> {
    const studies = await this.components.studies.list();
    return studies.filter((study) => statuses.includes(study.status) && study.spec.participation.sites.includes(site));
  }

  async #owesReport(study: StudyRow, site: string): Promise<boolean> {
    const approved = await this.components.studies.hasApproved(study, site);
    return approved && !(await this.components.studies.reports(study.name)).has(site);
  }
}
