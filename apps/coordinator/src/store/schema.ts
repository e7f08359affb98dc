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
  created_at: BigInteger;
  last_seen: BigInteger | null;
  bytes_up: BigInteger;
  bytes_down: BigInteger;
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
  role: string;
  created_at: BigInteger;
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
}

export type Database = Kysely<Schema>;
