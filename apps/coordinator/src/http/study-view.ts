import type { RoundView } from "@fedbaps/core/federation/round-state.js";
import { requiredSites } from "@fedbaps/core/wire/study.js";
import type { Connections } from "../realtime/connections.js";
import type { Studies } from "../rounds/studies.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { SiteRepository } from "../store/site-repository.js";
import type { StudyRepository, StudyRow } from "../store/study-repository.js";

export interface StudyViewComponents {
  readonly studies: Studies;
  readonly studyRepository: StudyRepository;
  readonly rounds: RoundRepository;
  readonly sites: SiteRepository;
  readonly connections: Connections;
}

/** Why a study does not move on, who it waits for, and until when (null: until they come). */
export interface Waiting {
  reason: string;
  sites: string[];
  deadline: number | null;
}

/** One line of the list of studies. */
export function summaryOf({ name, spec, hash, status, reason, version, createdAt }: StudyRow) {
  return { name, title: spec.title ?? null, status, reason, completed: version, rounds: spec.rounds, hash, createdAt };
}

/** Everything that the API says of one study. */
export async function viewStudy(components: StudyViewComponents, study: StudyRow) {
  const { studies, studyRepository, rounds, sites, connections } = components;
  const driver = study.status === "running" ? studies.driver(study.name) : undefined;
  const round = driver?.view() ?? null;
  const approvals = await studyRepository.approvals(study);
  const reports = await studyRepository.reports(study.name);
  const failures = await studyRepository.reportFailures(study.name);
  const named = [...study.spec.participation.sites].sort();
  const rows = new Map((await sites.list()).map((site) => [site.name, site]));
  const traffic = named.reduce(
    (total, name) => {
      const live = connections.traffic(name);
      total.bytesUp += (rows.get(name)?.bytesUp ?? 0) + live.up;
      total.bytesDown += (rows.get(name)?.bytesDown ?? 0) + live.down;
      return total;
    },
    { bytesUp: 0, bytesDown: 0 },
  );
  return {
    ...summaryOf(study),
    spec: study.spec,
    waiting: waitingOf(study, {
      approvals,
      absent: approvals.filter((site) => !connections.presence(site).connected),
      round,
      reporting: driver?.reportingView() ?? null,
    }),
    round,
    rounds: await rounds.list(study.name),
    sites: named.map((name) => {
      const inRound = round?.sites.find((site) => site.site === name);
      const presence = connections.presence(name);
      return {
        site: name,
        status: rows.get(name)?.status ?? "unknown",
        approved: approvals.includes(name),
        reported: reports.has(name),
        reportFailure: failures.get(name) ?? null,
        connected: presence.connected,
        lastMessage: presence.lastMessage ?? rows.get(name)?.lastSeen ?? null,
        state: inRound?.state ?? null,
        stepsDone: inRound?.stepsDone ?? null,
        stepsPlanned: inRound?.stepsPlanned ?? null,
        queries: inRound?.queries ?? null,
      };
    }),
    reports: [...reports].map(([site, report]) => ({ site, ...report })),
    traffic,
  };
}

interface Standing {
  readonly approvals: readonly string[];
  /** Those of them that are not connected. */
  readonly absent: string[];
  readonly round: RoundView | null;
  readonly reporting: { waitingFor: string[]; deadline: number | null } | null;
}

function waitingOf(study: StudyRow, { approvals, absent, round, reporting }: Standing): Waiting | null {
  if (study.status === "draft") return { reason: "not-started", sites: [], deadline: null };
  if (study.status === "paused") return { reason: "paused", sites: [], deadline: null };
  if (study.status === "enrolling") {
    if (approvals.length >= requiredSites(study.spec))
      return { reason: "waiting-for-sites", sites: absent, deadline: null };
    return {
      reason: "waiting-for-approvals",
      sites: study.spec.participation.sites.filter((site) => !approvals.includes(site)).sort(),
      deadline: null,
    };
  }
  if (reporting !== null)
    return { reason: "waiting-for-reports", sites: reporting.waitingFor, deadline: reporting.deadline };
  if (round === null || round.reason === null) return null;
  return { reason: round.reason, sites: round.waitingFor, deadline: round.deadline };
}
