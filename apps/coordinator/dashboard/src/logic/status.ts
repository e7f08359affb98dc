import type { SiteState, SiteStatus, StudyStatus } from "../api/types.js";

export type Tone = "good" | "active" | "waiting" | "bad" | "quiet";

export interface Label {
  readonly text: string;
  readonly tone: Tone;
}

const STUDY: Readonly<Record<StudyStatus, Label>> = {
  draft: { text: "Draft", tone: "quiet" },
  enrolling: { text: "Waiting for approvals", tone: "waiting" },
  running: { text: "Running", tone: "active" },
  paused: { text: "Paused", tone: "waiting" },
  completed: { text: "Completed", tone: "good" },
  aborted: { text: "Aborted", tone: "bad" },
};

const SITE: Readonly<Record<SiteStatus, Label>> = {
  invited: { text: "Invited", tone: "quiet" },
  pending: { text: "Waiting for your approval", tone: "waiting" },
  approved: { text: "Approved", tone: "good" },
  revoked: { text: "Revoked", tone: "bad" },
};

const STATE: Readonly<Record<SiteState, Label>> = {
  missing: { text: "Missing", tone: "waiting" },
  ready: { text: "Ready", tone: "good" },
  working: { text: "Working", tone: "active" },
  answered: { text: "Answered", tone: "good" },
  dropped: { text: "Dropped out", tone: "bad" },
};

const unknown = (text: string): Label => ({ text, tone: "quiet" });

export function studyLabel(status: string): Label {
  return STUDY[status as StudyStatus] ?? unknown(status);
}

export function siteLabel(status: string): Label {
  return SITE[status as SiteStatus] ?? unknown(status === "unknown" ? "Not invited yet" : status);
}

export function stateLabel(state: string): Label {
  return STATE[state as SiteState] ?? unknown(state);
}

export const STUDY_STATUSES = Object.keys(STUDY) as StudyStatus[];
