import { FedBapsError } from "@fedbaps/core/common/errors.js";

export type AgentErrorCode =
  | "HOME_MISSING"
  | "HOME_EXISTS"
  | "HOME_LOCKED"
  | "HOME_DAMAGED"
  | "HOME_UNWRITABLE"
  /** Made by a newer version of this program. */
  | "HOME_NEWER"
  /** A read-only disk, or no right to write. */
  | "HOME_READ_ONLY"
  /** The folder, or a file that an agent was writing, is not there any more. */
  | "HOME_GONE"
  /** Somebody else wrote to what this process alone should write. */
  | "HOME_CHANGED"
  | "DISK_FULL"
  | "DISK_QUOTA"
  | "DISK_FAILED"
  | "PASSPHRASE_NEEDED"
  | "PASSPHRASE_WRONG"
  | "OUT_UNWRITABLE"
  /** A file that this program did not write is where a result would go. */
  | "OUT_OCCUPIED"
  /** No decoder that this site would use. */
  | "NOTHING_TO_EXPORT"
  | "NOT_ENROLLED"
  | "ENROL_REFUSED"
  | "RENEW_REFUSED"
  | "COORDINATOR_UNREACHABLE"
  | "COORDINATOR_KEY"
  | "COORDINATOR_REFUSED"
  | "PROTOCOL"
  | "UNKNOWN_STUDY"
  | "NOT_APPROVED"
  /** A study or cohort asks for more than the site's policy gives; the policy's line is in the message. */
  | "POLICY_REFUSED"
  /** The black box is left alone for now: by the clock, or until tomorrow. */
  | "QUIET_HOURS"
  | "DAILY_BUDGET"
  | "BAD_INSTRUCTION"
  /** The data folder or the black box changed under a study. */
  | "MATERIAL_CHANGED"
  | "BAD_COHORT"
  /** The roster that a cohort is made under is not the one that this site accepted. */
  | "ROSTER_NOT_ACCEPTED"
  /** A roster that this site cannot accept: without it, or with other keys. */
  | "ROSTER_WRONG"
  /** No key to a sealed sum. */
  | "NO_EPOCH_KEY"
  /** A second sum over the same updates would betray the sites by which it differs. */
  | "REVEAL_CONFLICT"
  | "BAD_HISTORY"
  /** The secrets of this attempt were in the memory of a process that has ended. */
  | "CLIENT_STATE_LOST"
  | "NO_UPDATE"
  | "STUDY_FAILED"
  /** Some pictures were not segmented. */
  | "PREDICTION_FAILED"
  | "DOCTOR_FAILED"
  | "JOURNAL_DAMAGED";

export class AgentError extends FedBapsError<AgentErrorCode> {}
