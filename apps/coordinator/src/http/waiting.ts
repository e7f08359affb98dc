import { requiredSites } from "@fedbaps/core/wire/study.js";
import type { LiveStudy } from "../rounds/components.js";
import type { Studies } from "../rounds/studies.js";
import type { Presence } from "../store/presence-repository.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { SiteRepository } from "../store/site-repository.js";
import type { StudyRepository, StudyRow } from "../store/study-repository.js";

/** The life of studies, as far as the API commands it. */
export type StudyCommands = Pick<Studies, "register" | "get" | "live" | "start" | "pause" | "resume" | "abort">;

export interface StudyViewComponents {
  readonly studies: StudyCommands;
  readonly studyRepository: StudyRepository;
  readonly rounds: RoundRepository;
  readonly sites: SiteRepository;
  /** What is known of the links of sites, wherever they are. */
  readonly connections: { all(): Promise<Map<string, Presence>> };
}

/** Why a study does not move on, who it waits for, and until when (null: until they come). */
export interface Waiting {
  reason: string;
  sites: string[];
  deadline: number | null;
}

export interface Standing {
  readonly approvals: readonly string[];
  readonly presences: ReadonlyMap<string, Presence>;
  readonly live: LiveStudy;
}

/** The same for one line of a list: reads what it takes. */
export async function waitingOf(
  { studies, studyRepository }: StudyViewComponents,
  study: StudyRow,
  presences: ReadonlyMap<string, Presence>,
): Promise<Waiting | null> {
  const running = study.status === "running";
  const live = running ? await studies.live(study.name) : { driver: null, round: null, reporting: null };
  const approvals = study.status === "enrolling" ? await studyRepository.approvals(study) : [];
  return explainWaiting(study, { approvals, presences, live });
}

/** Why a study does not move on, from what is known of it. */
export function explainWaiting(study: StudyRow, { approvals, presences, live }: Standing): Waiting | null {
  const { round, reporting, driver } = live;
  if (study.status === "draft") return { reason: "not-started", sites: [], deadline: null };
  if (study.status === "paused") return { reason: "paused", sites: [], deadline: null };
  if (study.status === "enrolling") {
    const absent = approvals.filter((site) => presences.get(site)?.connected !== true);
    if (approvals.length >= requiredSites(study.spec))
      return { reason: "waiting-for-sites", sites: absent, deadline: null };
    return {
      reason: "waiting-for-approvals",
      sites: study.spec.participation.sites.filter((site) => !approvals.includes(site)).sort(),
      deadline: null,
    };
  }
  if (study.status !== "running") return null;
  if (reporting !== null)
    return { reason: "waiting-for-reports", sites: reporting.waitingFor, deadline: reporting.deadline };
  // Between the end of the process that drove it and the next that takes it over.
  if (driver === null) return { reason: "waiting-for-coordinator", sites: [], deadline: null };
  if (round === null || round.reason === null) return null;
  return { reason: round.reason, sites: round.waitingFor, deadline: round.deadline };
}
