import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { EpochRepository } from "../store/epoch-repository.js";
import type { RosterRepository } from "../store/roster-repository.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { SiteRepository } from "../store/site-repository.js";
import type { StudyRepository } from "../store/study-repository.js";

/** Where messages to sites go. A site that is not connected gets what is due then when it comes back. */
export interface Outbox {
  send(site: string, instruction: Instruction): void;
  offer(site: string, offers: StudyOffer[]): void;
  roster(site: string, roster: SignedRoster | null): void;
}

export interface DriverComponents {
  readonly studies: StudyRepository;
  readonly sites: SiteRepository;
  readonly rounds: RoundRepository;
  readonly rosters: RosterRepository;
  readonly epochs: EpochRepository;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
}
