import type { RosterView, Site, StudySummary } from "../api/types.js";

export type StepId = "invite" | "enrol" | "approve" | "roster" | "study" | "start";

export interface Step {
  readonly id: StepId;
  readonly title: string;
  readonly done: boolean;
  /** The first that is not done. */
  readonly current: boolean;
  /** How far it is, in a few words. */
  readonly progress: string;
}

/** How many sites the secure sum needs at least. */
export const LEAST_SITES = 3;

/** The way from nothing to a running study; each step is read off what is there. */
export function setUpSteps(
  sites: readonly Site[],
  roster: RosterView["current"],
  studies: readonly StudySummary[],
): Step[] {
  const living = sites.filter(({ status }) => status !== "revoked");
  const enrolled = living.filter(({ status }) => status !== "invited");
  const approved = living.filter(({ status }) => status === "approved");
  const signed = new Set(roster?.signed.roster.members.map(({ site }) => site) ?? []);
  const unsigned = approved.filter(({ site }) => !signed.has(site));
  const started = studies.filter(({ status }) => status !== "draft" && status !== "aborted");
  const running = studies.some(({ status }) => ["running", "paused", "completed"].includes(status));
  const of = (list: readonly unknown[]) => `${list.length} of ${Math.max(LEAST_SITES, living.length)} sites`;
  const steps: Omit<Step, "current">[] = [
    {
      id: "invite",
      title: "Invite at least three sites",
      done: living.length >= LEAST_SITES,
      progress: `${living.length} invited`,
    },
    { id: "enrol", title: "The sites enrol", done: enrolled.length >= LEAST_SITES, progress: of(enrolled) },
    { id: "approve", title: "Compare words and approve", done: approved.length >= LEAST_SITES, progress: of(approved) },
    {
      id: "roster",
      title: "Sign the roster",
      done: signed.size >= LEAST_SITES && unsigned.length === 0,
      progress: roster === null ? "not signed" : unsigned.length > 0 ? `${unsigned.length} to add` : "signed",
    },
    {
      id: "study",
      title: "Create a study",
      done: studies.some(({ status }) => status !== "aborted"),
      progress: studies.length === 0 ? "none yet" : `${studies.length} there`,
    },
    {
      id: "start",
      title: "Start it",
      done: running,
      progress: running ? "running" : started.length > 0 ? "waiting for approvals" : "not started",
    },
  ];
  const first = steps.findIndex(({ done }) => !done);
  return steps.map((step, i) => ({ ...step, current: i === first }));
}

/** The study that the last step is about: the newest that is not over. */
export function studyToStart(studies: readonly StudySummary[]): StudySummary | undefined {
  const open = studies.filter(({ status }) => status !== "aborted");
  return [...open].sort((a, b) => b.createdAt - a.createdAt)[0];
}
