import type { ColumnType, Kysely } from "kysely";

/** 64-bit integers come back as numbers or strings, depending on the driver: read them with `Number`. */
type BigInteger = ColumnType<number | string | bigint, number, number>;
/** JSON text: the exact characters that were hashed or signed, parsed by a schema on reading. */
type JsonText = string;

export interface SitesTable {
  name: string;
  status: string;
  sign_key: string | null;
  box_key: string | null;
  /** Since when these keys are in use. */
  keys_since: BigInteger | null;
  created_at: BigInteger;
  last_seen: BigInteger | null;
  bytes_up: BigInteger;
  bytes_down: BigInteger;
  /** The replica that holds its link; null where none does. */
  replica: string | null;
}

export interface InvitesTable {
  code_hash: string;
  site: string;
  expires_at: BigInteger;
  used_at: BigInteger | null;
}

export interface StudiesTable {
  name: string;
  spec: JsonText;
  hash: string;
  status: string;
  reason: string | null;
  /** Completed rounds. */
  version: number;
  created_at: BigInteger;
}

export interface ApprovalsTable {
  study: string;
  site: string;
  hash: string;
}

export interface RoundsTable {
  study: string;
  round: number;
  attempt: number;
  phase: string;
  started_at: BigInteger;
  ended_at: BigInteger | null;
  code: string | null;
  cohort: JsonText | null;
  survivors: JsonText | null;
  drop_outs: JsonText | null;
  metrics: JsonText | null;
  sum: Uint8Array | null;
  /** The id of the key by which the sum is sealed; null where it is not. */
  seal: string | null;
  /** What the coordinator saw of the sites' inputs. */
  seen: JsonText | null;
}

export interface SiteRoundsTable {
  study: string;
  round: number;
  site: string;
  /** Black-box queries of the site in this study so far. */
  queries: BigInteger;
  val_dice: number | null;
  zero_shot_val_dice: number | null;
}

export interface ReplicasTable {
  id: string;
  started_at: BigInteger;
  alive_until: Date;
}

export interface LeasesTable {
  study: string;
  replica: string;
  fence: BigInteger;
}

export interface CoordinatorIdentityTable {
  id: number;
  identity: JsonText;
}

export interface RostersTable {
  version: number;
  hash: string;
  signed: JsonText;
  created_at: BigInteger;
}

export interface EpochsTable {
  study: string;
  roster_hash: string;
  deal: JsonText;
  created_at: BigInteger;
}

export interface ReportsTable {
  study: string;
  site: string;
  report: JsonText;
  received_at: BigInteger;
}

export interface ReportFailuresTable {
  study: string;
  site: string;
  code: string;
  failed_at: BigInteger;
}

export interface TokensTable {
  hash: string;
  id: string;
  name: string;
  role: string;
  created_at: BigInteger;
  expires_at: BigInteger | null;
  last_used_at: BigInteger | null;
  revoked_at: BigInteger | null;
}

export interface SessionsTable {
  hash: string;
  /** The id of the token with which it was begun. */
  token: string;
  created_at: BigInteger;
  expires_at: BigInteger;
}

/** Text columns hold the very characters that were hashed. */
export interface AuditTable {
  seq: BigInteger;
  at: BigInteger;
  actor: string;
  action: string;
  study: string | null;
  site: string | null;
  details: JsonText;
  previous: string;
  hash: string;
}

/** One row, id 1. */
export interface AuditHeadTable {
  id: number;
  seq: BigInteger;
  hash: string;
}

/** Keys that sites had before they were renewed. */
export interface SiteKeysTable {
  sign_key: string;
  box_key: string;
  site: string;
  since: BigInteger;
  until: BigInteger;
}

export interface Schema {
  sites: SitesTable;
  invites: InvitesTable;
  studies: StudiesTable;
  approvals: ApprovalsTable;
  rounds: RoundsTable;
  rosters: RostersTable;
  epochs: EpochsTable;
  reports: ReportsTable;
  report_failures: ReportFailuresTable;
  tokens: TokensTable;
  sessions: SessionsTable;
  site_rounds: SiteRoundsTable;
  replicas: ReplicasTable;
  leases: LeasesTable;
  coordinator_identity: CoordinatorIdentityTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  site_keys: SiteKeysTable;
}

export type Database = Kysely<Schema>;
