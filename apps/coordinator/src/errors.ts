import { FedBapsError } from "@fedbaps/core/common/errors.js";

export type CoordinatorErrorCode =
  /** No such site, study, invite or page. */
  | "NOT_FOUND"
  /** The name is taken, or the state does not allow it. */
  | "CONFLICT"
  | "NOT_AUTHORISED"
  | "BAD_REQUEST"
  /** The invite code is wrong, used or expired. */
  | "BAD_INVITE"
  | "BAD_SIGNATURE"
  /** Another coordinator runs on this home. */
  | "HOME_IN_USE"
  | "HOME_UNUSABLE"
  | "PORT_IN_USE"
  | "CANNOT_LISTEN"
  /** The database was written by a newer version of this program. */
  | "SCHEMA_NEWER"
  | "SCHEMA_FAILED"
  /** DATABASE_URL names no PostgreSQL that lets us in. */
  | "DATABASE_UNREACHABLE"
  /** This home and the database belong to different coordinators. */
  | "IDENTITY_CONFLICT"
  /** Another coordinator process drives the study now. */
  | "LEASE_LOST"
  /** No process drives the study at this moment; one will. */
  | "NOT_DRIVEN"
  | "STUDY_FILE"
  /** An audit log in which a record is not as it was written. */
  | "BAD_AUDIT"
  /** A command could not reach the coordinator, or got an answer that is not one. */
  | "UNREACHABLE"
  | "BAD_ANSWER";

/** Everything that the coordinator refuses or fails at, each with its code. */
export class CoordinatorError extends FedBapsError<CoordinatorErrorCode> {}
