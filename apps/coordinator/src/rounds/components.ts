import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { RoundView } from "@fedbaps/core/federation/round-state.js";
import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { AuditLog } from "../audit/audit-log.js";
import type { LiveFeed } from "../live-feed.js";
import type { Cluster } from "../realtime/cluster.js";
import type { EpochRepository } from "../store/epoch-repository.js";
import type { LeaseRepository } from "../store/lease-repository.js";
import type { RosterRepository } from "../store/roster-repository.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { Database } from "../store/schema.js";
import type { SiteRepository } from "../store/site-repository.js";
import type { StudyRepository } from "../store/study-repository.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import type { ReportingView } from "./reporting.js";

/** Where messages to sites go. A site that is not connected gets what is due then when it comes back. */
export interface Outbox {
  send(site: string, instruction: Instruction): void;
  /** The same once more, to a site whose link another process holds: what went there may have been lost on the way. */
  repeat(site: string, instruction: Instruction): void;
  offer(site: string, offers: StudyOffer[]): void;
  roster(site: string, roster: SignedRoster | null): void;
}

export type Auditor = Pick<AuditLog, "record" | "announce" | "within">;

export interface DriverComponents {
  readonly studies: StudyRepository;
  readonly sites: SiteRepository;
  readonly rounds: RoundRepository;
  readonly rosters: RosterRepository;
  readonly epochs: EpochRepository;
  readonly leases: LeaseRepository;
  readonly audit: Auditor;
  readonly feed: LiveFeed;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
}

export interface StudiesComponents extends DriverComponents {
  readonly db: Database;
  readonly cluster: Cluster;
  /** The id of this process among the replicas. */
  readonly replica: string;
}

/** How a running study stands, as the process that drives it says. */
export interface LiveStudy {
  /** The replica that drives it; null while none does. */
  driver: string | null;
  round: RoundView | null;
  reporting: ReportingView | null;
}
