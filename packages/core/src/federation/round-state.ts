import { FedBapsError } from "../common/errors.js";
import type { EpochShare } from "../wire/epoch.js";
import type { Reply, ReplyPhase } from "../wire/messages.js";
import type {
  Cohort,
  KeyAdvertisement,
  Member,
  RoundReference,
  SealedShares,
  UnmaskRequest,
} from "../wire/secagg-messages.js";
import type { StudySpec } from "../wire/study.js";

/** What a `Round` asks of the server side of the secure sum; `SecAggServer` is the real one. */
export interface SumServer {
  receiveAdvertisement(message: KeyAdvertisement): void;
  closeAdvertise(): KeyAdvertisement[];
  receiveShares(from: string, shares: SealedShares[]): void;
  closeShares(): void;
  sharesFor(site: string): SealedShares[];
  receiveMaskedInput(site: string, vector: Uint32Array): void;
  closeMaskedInput(): string[];
  receiveConfirmation(message: Extract<Reply, { phase: "consistency" }>["signature"]): void;
  closeConfirmations(): UnmaskRequest;
  receiveRevealed(site: string, shares: Extract<Reply, { phase: "unmask" }>["shares"]): void;
  finish(): Promise<{ sum: Uint32Array; survivors: string[] }>;
  /** The sites whose answer the open phase waits for. */
  readonly expected: readonly string[];
}

/** What an attempt is made from. */
export interface RoundInit {
  readonly reference: RoundReference;
  readonly study: StudySpec;
  readonly studyHash: string;
  /** Of the roster that the cohort is made under. */
  readonly rosterHash: string;
  /** The named sites that are admitted and have approved the study. */
  readonly members: readonly Member[];
  /** Completed rounds before this one: the model that the sites train from. */
  readonly version: number;
  /** Elements of the masked vector. */
  readonly vectorLength: number;
  readonly now: number;
  /** Recruiting lasts at least until then: keeps a round that fails again and again from spinning. */
  readonly notBefore?: number;
  /** The id of the key that seals this round's sum, once it is known; undefined where the study is not sealed. */
  readonly sealKey?: () => string | undefined;
  /** A site's box of that key. */
  readonly epochShare?: (site: string) => EpochShare | undefined;
  readonly createServer?: (cohort: Cohort) => SumServer;
  /** Throws a FedBapsError for a sum that cannot be right: the attempt is aborted with its code then. */
  readonly checkSum?: (sum: Uint32Array, cohortSize: number, survivors: readonly string[]) => void;
}

/** The order of the phases in which sites answer. */
export const PHASES: readonly ReplyPhase[] = [
  "recruiting",
  "training",
  "advertiseKeys",
  "shareKeys",
  "maskedInput",
  "consistency",
  "unmask",
];

/** The states of a round; each carries only what is valid in it. */
export type RoundState =
  | { readonly phase: "recruiting" }
  | { readonly phase: "training"; readonly trainees: readonly string[] }
  | { readonly phase: "advertiseKeys"; readonly cohort: Cohort; readonly server: SumServer }
  | {
      readonly phase: "shareKeys";
      readonly cohort: Cohort;
      readonly server: SumServer;
      readonly advertisements: KeyAdvertisement[];
    }
  | { readonly phase: "maskedInput"; readonly cohort: Cohort; readonly server: SumServer }
  | {
      readonly phase: "consistency";
      readonly cohort: Cohort;
      readonly server: SumServer;
      readonly survivors: string[];
    }
  | {
      readonly phase: "unmask";
      readonly cohort: Cohort;
      readonly server: SumServer;
      readonly request: UnmaskRequest;
    }
  | {
      readonly phase: "completed";
      readonly cohort: Cohort;
      readonly sum: Uint32Array;
      readonly survivors: string[];
      /** With the survivors' signatures: their receipts for having taken part. */
      readonly request: UnmaskRequest;
    }
  | { readonly phase: "aborted"; readonly code: string; readonly during: ReplyPhase; readonly cohort?: Cohort };

export type RoundPhase = RoundState["phase"];
/** The phases in which the secure sum runs. */
export type SumState = Extract<RoundState, { server: SumServer }>;

/** A site that a round lost: in which phase, why (a code) and when. */
export interface DropOut {
  site: string;
  phase: ReplyPhase;
  code: string;
  at: number;
}

/** `missing`: not ready yet; `ready`: waits for the others; `working`: owes an answer; `dropped`: out of this attempt. */
export type SiteState = "missing" | "ready" | "working" | "answered" | "dropped";

export interface SiteView {
  site: string;
  state: SiteState;
  /** When its last message in this round was accepted; null if there was none. */
  lastMessage: number | null;
  /** Why it is missing or dropped: a code. */
  reason?: string;
  stepsDone?: number;
  stepsPlanned?: number;
  queries?: number;
}

/** What a round looks like from outside: for people, never for the protocol. */
export interface RoundView {
  reference: RoundReference;
  phase: RoundPhase;
  sites: SiteView[];
  /** Who is waited for, and why (a code); empty and null once the round is over. */
  waitingFor: string[];
  reason: WaitReason | null;
  /** When the wait ends by itself if nobody speaks; null: it goes on until somebody does. */
  deadline: number | null;
  startedAt: number;
  phaseSince: number;
}

export type WaitReason = "waiting-for-sites" | "pause-before-retry" | "training" | "secure-sum";

export type RoundErrorCode =
  /** The message belongs to an earlier phase, attempt or round: the sender may forget it. */
  | "STALE"
  /** The message belongs to a phase that has not begun. */
  | "TOO_EARLY"
  /** The site was dropped from this attempt; it takes part again in the next. */
  | "DROPPED"
  /** The site is not in this round. */
  | "NOT_IN_ROUND"
  /** The site answered this phase before, with something else. */
  | "CONFLICT"
  /** The message names another site as its author. */
  | "WRONG_SENDER"
  /** The answer made the secure sum fail in a way that has no code of its own. */
  | "REFUSED";

export class RoundError extends FedBapsError<RoundErrorCode> {}
