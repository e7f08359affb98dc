import type { StudyRow } from "../store/study-repository.js";
import { explainWaiting, type StudyViewComponents } from "./waiting.js";

/** One line of the list of studies. */
export function summaryOf({ name, spec, hash, status, reason, version, createdAt }: StudyRow) {
  return { name, title: spec.title ?? null, status, reason, completed: version, rounds: spec.rounds, hash, createdAt };
}

/** Everything that the API says of one study. */
export async function viewStudy(components: StudyViewComponents, study: StudyRow) {
  const { studies, studyRepository, rounds, sites, connections } = components;
  const live =
    study.status === "running" ? await studies.live(study.name) : { driver: null, round: null, reporting: null };
  const approvals = await studyRepository.approvals(study);
  const reports = await studyRepository.reports(study.name);
  const failures = await studyRepository.reportFailures(study.name);
  const siteRounds = await rounds.siteRounds(study.name);
  const statuses = new Map((await sites.list()).map((site) => [site.name, site.status]));
  const presences = await connections.all();
  const named = [...study.spec.participation.sites].sort();
  const traffic = { bytesUp: 0, bytesDown: 0 };
  for (const name of named) {
    traffic.bytesUp += presences.get(name)?.bytesUp ?? 0;
    traffic.bytesDown += presences.get(name)?.bytesDown ?? 0;
  }
  return {
    ...summaryOf(study),
    spec: study.spec,
    waiting: explainWaiting(study, { approvals, presences, live }),
    driver: live.driver,
    round: live.round,
    rounds: await rounds.list(study.name),
    sites: named.map((name) => {
      const inRound = live.round?.sites.find((site) => site.site === name);
      const presence = presences.get(name);
      const queries = siteRounds.filter(({ site }) => site === name).map((row) => row.queries);
      if (inRound?.queries !== undefined) queries.push(inRound.queries);
      return {
        site: name,
        status: statuses.get(name) ?? "unknown",
        approved: approvals.includes(name),
        reported: reports.has(name),
        reportFailure: failures.get(name) ?? null,
        connected: presence?.connected ?? false,
        lastMessage: presence?.lastMessage ?? null,
        state: inRound?.state ?? null,
        reason: inRound?.reason ?? null,
        stepsDone: inRound?.stepsDone ?? null,
        stepsPlanned: inRound?.stepsPlanned ?? null,
        queries: reports.get(name)?.queries ?? (queries.length === 0 ? null : Math.max(...queries)),
        bytesUp: presence?.bytesUp ?? 0,
        bytesDown: presence?.bytesDown ?? 0,
      };
    }),
    siteDice: siteRounds
      .filter((row) => row.valDice !== null || row.zeroShotValDice !== null)
      .map(({ round, site, valDice, zeroShotValDice }) => ({ round, site, valDice, zeroShotValDice })),
    reports: [...reports].map(([site, report]) => ({ site, ...report })),
    traffic,
  };
}
