/** What the API says, as the dashboard reads it. Times are milliseconds since the epoch. */
export type Role = "admin" | "viewer";

export interface Session {
  role: Role;
  name: string;
  tokenId: string;
  expiresAt: number | null;
}

export interface Coordinator {
  version: string;
  fingerprint: string;
  words: string;
  url: string;
  now: number;
  replicas: { id: string; startedAt: number; seenAt: number; studies: string[] }[];
  database: "embedded" | "postgresql";
}

export interface Token {
  id: string;
  name: string;
  role: Role;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

export type SiteStatus = "invited" | "pending" | "approved" | "revoked";

export interface Site {
  site: string;
  status: SiteStatus;
  fingerprint: string | null;
  words: string | null;
  connected: boolean;
  lastMessage: number | null;
  createdAt: number;
  inviteExpiresAt: number | null;
  bytesUp: number;
  bytesDown: number;
  keysSince: number | null;
}

export interface Invite {
  site: string;
  invite: string;
  code: string;
  expiresAt: number;
  fingerprint: string;
}

export interface Member {
  site: string;
  signKey: string;
  boxKey: string;
  words?: string;
}

export interface RosterView {
  current: {
    signed: { roster: { version: number; members: Member[] } };
    hash: string;
    words: string;
    lead: string;
  } | null;
  candidates: Member[];
}

export type StudyStatus = "draft" | "enrolling" | "running" | "paused" | "completed" | "aborted";

export interface Waiting {
  reason: string;
  sites: string[];
  deadline: number | null;
}

export interface StudySummary {
  name: string;
  title: string | null;
  status: StudyStatus;
  reason: string | null;
  completed: number;
  rounds: number;
  hash: string;
  createdAt: number;
  waiting: Waiting | null;
}

export interface StudySpec {
  name: string;
  title?: string;
  mode: string;
  decoder: string;
  preset: string;
  rounds: number;
  personalShare: number;
  budget: number;
  clicks: number;
  seed: number;
  clip: number;
  sealed: boolean;
  maxImages: number;
  participation: { sites: string[]; require: "all" | number };
  silenceSeconds: number;
}

export type SiteState = "missing" | "ready" | "working" | "answered" | "dropped";

export interface RoundSite {
  site: string;
  state: SiteState;
  lastMessage: number | null;
  reason?: string;
  stepsDone?: number;
  stepsPlanned?: number;
  queries?: number;
}

export interface RoundNow {
  reference: { study: string; round: number; attempt: number };
  phase: string;
  sites: RoundSite[];
  waitingFor: string[];
  reason: string | null;
  deadline: number | null;
  startedAt: number;
  phaseSince: number;
}

export interface DropOut {
  site: string;
  phase: string;
  code: string;
  at: number;
}

export interface Attempt {
  round: number;
  attempt: number;
  phase: string;
  startedAt: number;
  endedAt: number | null;
  code: string | null;
  cohort: string[] | null;
  survivors: string[] | null;
  dropOuts: DropOut[];
  metrics: { images?: number; valDice?: number; zeroShotValDice?: number; trainLoss?: number } | null;
}

export interface StudySite {
  site: string;
  status: SiteStatus | "unknown";
  approved: boolean;
  reported: boolean;
  reportFailure: string | null;
  connected: boolean;
  lastMessage: number | null;
  state: SiteState | null;
  reason: string | null;
  stepsDone: number | null;
  stepsPlanned: number | null;
  queries: number | null;
  bytesUp: number;
  bytesDown: number;
}

export interface SiteDice {
  round: number;
  site: string;
  valDice: number | null;
  zeroShotValDice: number | null;
}

export interface Report {
  site: string;
  deployed: boolean;
  queries: number;
  blackboxSeconds: number;
  version: number;
  images?: { train: number; val: number; test: number };
  zeroShotDice?: number;
  adaptedDice?: number;
}

export interface Study extends Omit<StudySummary, "rounds"> {
  spec: StudySpec;
  driver: string | null;
  round: RoundNow | null;
  rounds: Attempt[];
  sites: StudySite[];
  siteDice: SiteDice[];
  reports: Report[];
  traffic: { bytesUp: number; bytesDown: number };
}

export interface SeenVector {
  bytes: number;
  sha256: string;
  head: string;
}

export interface Seen {
  round: number;
  attempt: number;
  at: number;
  sealed: boolean;
  vectorLength: number;
  inputs: (SeenVector & { site: string })[];
  sum: SeenVector;
}

export interface AuditRecord {
  seq: number;
  at: number;
  actor: string;
  action: string;
  study: string | null;
  site: string | null;
  details: Record<string, unknown>;
  previous: string;
  hash: string;
}

export interface AuditPage {
  records: AuditRecord[];
  next: string | number | null;
  head: { seq: number; hash: string };
}

export interface AuditVerdict {
  ok: boolean;
  records: number;
  head: { seq: number; hash: string };
  problem: { seq: number; code: string; message: string } | null;
}

export type Change = { kind: "study"; study: string } | { kind: "sites" } | { kind: "roster" } | { kind: "audit" };
