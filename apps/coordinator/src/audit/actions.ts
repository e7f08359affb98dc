import { z } from "zod";

/**
 * What the audit log tells. Who did it is the record's `actor`: `admin:TOKEN-ID`, `viewer:TOKEN-ID`, `site:NAME`, `lead`, or
 * `coordinator` for what follows from the rules by itself.
 */
export const AUDIT_ACTIONS = [
  "coordinator.started",
  "coordinator.stopped",
  /** A study's lease came to this replica. */
  "lease.taken",
  "session.opened",
  "token.created",
  "token.revoked",
  "site.invited",
  "site.enrolled",
  "site.approved",
  "site.revoked",
  /** The site has new keys. */
  "site.renewed",
  /** Details: the whole signed text. */
  "roster.signed",
  "study.created",
  "study.updated",
  "study.cloned",
  /** draft -> enrolling, by a person. */
  "study.started",
  /** enrolling -> running, once enough sites have approved. */
  "study.running",
  "study.paused",
  "study.resumed",
  "study.aborted",
  "study.completed",
  /** By a site: it takes part, or no longer. */
  "study.approved",
  "study.approval-withdrawn",
  "round.began",
  /** Details: by `roundCompletedDetails`, with the sites' receipts. */
  "round.completed",
  "round.aborted",
  "round.taken-back",
  "report.received",
] as const;

export const auditActionSchema = z.enum(AUDIT_ACTIONS);
export type AuditAction = z.infer<typeof auditActionSchema>;
