import type {
  Acknowledgement,
  Auth,
  Challenge,
  Failure,
  HistoryPage,
  HistoryRequest,
  Instruction,
  Progress,
  Reply,
  SiteReport,
  StudyOffer,
} from "./messages.js";
import type { SignedRoster } from "./roster.js";

/** Socket.IO events, coordinator -> agent. Everything is parsed by its schema on arrival. */
export interface CoordinatorEvents {
  challenge(message: Challenge): void;
  admitted(message: { site: string; serverTime: number }): void;
  refused(message: { code: string }): void;
  studies(message: StudyOffer[]): void;
  /** The newest roster; null while there is none. The site accepts it by its words, or does not. */
  roster(message: SignedRoster | null): void;
  instruction(message: Instruction): void;
}

type Acknowledge = (answer: Acknowledgement) => void;

/** Socket.IO events, agent -> coordinator. Each is acknowledged: sent again after a reconnect until it is. */
export interface AgentEvents {
  auth(message: Auth, acknowledge: Acknowledge): void;
  /** The studies (by hash) that the site has approved; sent after admission and at every change. */
  approvals(message: { hashes: string[] }, acknowledge: Acknowledge): void;
  reply(message: Reply, acknowledge: Acknowledge): void;
  progress(message: Progress, acknowledge: Acknowledge): void;
  report(message: SiteReport, acknowledge: Acknowledge): void;
  failure(message: Failure, acknowledge: Acknowledge): void;
  history(message: HistoryRequest, answer: (page: HistoryPage | { ok: false; code: string }) => void): void;
}

/** The largest message that the coordinator takes, in bytes: a masked vector of 10^7 elements and its envelope. */
export const MAX_MESSAGE_BYTES = 42_000_000;
