import type { AuditRecord } from "../api/types.js";
import { sentence } from "./codes.js";

type Words = (record: AuditRecord) => string;

const site = (record: AuditRecord) => record.site ?? text(record.details.site) ?? "a site";
const study = (record: AuditRecord) => record.study ?? text(record.details.study) ?? "a study";
const round = ({ details }: AuditRecord) => {
  const number = text(details.round);
  const attempt = text(details.attempt);
  if (number === undefined) return "a round";
  return `round ${number}${attempt !== undefined && attempt !== "1" ? ` (attempt ${attempt})` : ""}`;
};

const because = ({ details }: AuditRecord) => {
  const code = text(details.code) ?? text(details.reason);
  return code === undefined ? "" : `: ${sentence(code)}`;
};
const rosterVersion = ({ details }: AuditRecord) => {
  const { signed } = details as { signed?: { roster?: { version?: unknown } } };
  const version = text(details.version) ?? text(signed?.roster?.version);
  return version === undefined ? "a roster" : `roster version ${version}`;
};

/** What is known to happen, as sentences without the one who did it. */
const ACTIONS: Readonly<Record<string, Words>> = {
  "coordinator.started": () => "the coordinator started",
  "coordinator.stopped": () => "the coordinator stopped",
  "lease.taken": (r) => `a coordinator process took over study ${study(r)}`,
  "session.opened": () => "signed in to the dashboard",
  "token.created": (r) => `made the token ${text(r.details.name) ?? text(r.details.token) ?? ""}`.trim(),
  "token.revoked": (r) => `revoked the token ${text(r.details.name) ?? text(r.details.token) ?? ""}`.trim(),
  "site.invited": (r) => `invited ${site(r)}`,
  "site.enrolled": (r) => `${site(r)} enrolled with keys of its own`,
  "site.approved": (r) => `approved ${site(r)}`,
  "site.revoked": (r) => `revoked ${site(r)}`,
  "site.renewed": (r) => `${site(r)} has new keys`,
  "roster.signed": (r) => `the study lead signed ${rosterVersion(r)}`,
  "study.created": (r) => `created study ${study(r)}`,
  "study.updated": (r) => `changed the draft of study ${study(r)}`,
  "study.cloned": (r) => `cloned study ${study(r)}`,
  "study.started": (r) => `started study ${study(r)}: it is offered to its sites`,
  "study.running": (r) => `enough sites approved: study ${study(r)} runs`,
  "study.paused": (r) => `paused study ${study(r)}${because(r)}`,
  "study.resumed": (r) => `resumed study ${study(r)}`,
  "study.aborted": (r) => `aborted study ${study(r)}${because(r)}`,
  "study.completed": (r) => `study ${study(r)} completed all its rounds`,
  "study.approved": (r) => `${site(r)} approved study ${study(r)}`,
  "study.approval-withdrawn": (r) => `${site(r)} withdrew its approval of study ${study(r)}`,
  "round.began": (r) => `${round(r)} of study ${study(r)} began`,
  "round.completed": (r) => `${round(r)} of study ${study(r)} was completed`,
  "round.aborted": (r) => `${round(r)} of study ${study(r)} came to nothing${because(r)}`,
  "round.taken-back": (r) => `${round(r)} of study ${study(r)} was taken back${because(r)}`,
  "report.received": (r) => `${site(r)} sent its report of study ${study(r)}`,
};

/** One record as a sentence; an action that is not known is shown as it is. */
export function auditSentence(record: AuditRecord): string {
  const words = ACTIONS[record.action]?.(record);
  if (words === undefined) {
    const about = [record.study && `study ${record.study}`, record.site].filter(Boolean).join(", ");
    return about ? `${record.action}: ${about}` : record.action;
  }
  // A name stays as it is written.
  const named = record.site !== null && words.startsWith(record.site);
  const full = named ? words : words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}

/** Who did it, in plain words. */
export function actorWords(actor: string): string {
  const [kind, name] = actor.split(":", 2);
  if (kind === "admin") return `Administrator (token ${name})`;
  if (kind === "viewer") return `Viewer (token ${name})`;
  if (kind === "site") return `Site ${name}`;
  if (kind === "lead") return "Study lead";
  if (kind === "coordinator") return "Coordinator";
  return actor;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

export const knownActions: readonly string[] = Object.keys(ACTIONS);
