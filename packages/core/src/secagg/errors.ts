import { FedBapsError } from "../common/errors.js";

/**
 * Why a step of the secure aggregation was refused. All of them are final for the attempt in which they occur, except
 * TOO_FEW_SITES at the coordinator, which may wait for more messages and try the same step again.
 */
export type SecAggErrorCode =
  /** The cohort's definition breaks a rule (order, sizes, threshold, keys), or does not hold this site with its keys. */
  | "BAD_COHORT"
  /** A roster that breaks a rule, does not follow the accepted one, or names another lead. */
  | "BAD_ROSTER"
  /** A key of a wrong length, or a public key of low order. */
  | "BAD_KEY"
  /** Two sites, or two roles, show the same key. */
  | "REUSED_KEY"
  | "BAD_SIGNATURE"
  /** A message from, or about, a site that has no place in this phase. */
  | "UNKNOWN_SITE"
  | "DUPLICATE_SITE"
  | "TOO_FEW_SITES"
  | "TOO_FEW_SIGNATURES"
  /** A peer's sealed shares do not open. */
  | "BAD_BOX"
  /** Shares are missing, of a wrong kind or length, or reconstruct something else than was advertised. */
  | "BAD_SHARES"
  /** A step out of order. */
  | "WRONG_PHASE"
  /** A step was repeated with another message than the first time. */
  | "CONFLICTING_REPEAT"
  /** The survivors or drop-outs named now are not those agreed on before. */
  | "LIST_MISMATCH"
  | "BAD_LENGTH"
  /** A number that cannot be encoded: not finite, or beyond its bound. */
  | "BAD_VALUE"
  /** So many parties with such a bound leave too little precision in 32 bits. */
  | "NO_HEADROOM"
  /** The random source gave fewer bytes than asked for. */
  | "BAD_RANDOM"
  /** The secrets of this attempt have been wiped. */
  | "CLEANED";

export class SecAggError extends FedBapsError<SecAggErrorCode> {}
