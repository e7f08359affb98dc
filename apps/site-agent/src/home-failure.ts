import { messageOf } from "@fedbaps/core/common/errors.js";
import { type FileFailureCode, fileFailure } from "@fedbaps/core/common/file-failure.js";
import { AgentError, type AgentErrorCode } from "./errors.js";

const CODES: Readonly<Record<FileFailureCode, AgentErrorCode>> = {
  DISK_FULL: "DISK_FULL",
  DISK_QUOTA: "DISK_QUOTA",
  DISK_FAILED: "DISK_FAILED",
  READ_ONLY: "HOME_READ_ONLY",
  FORBIDDEN: "HOME_READ_ONLY",
  GONE: "HOME_GONE",
};

/**
 * The plain line for a place of the agent's that cannot be written to. What is an AgentError already stays as it is.
 * @param place the home, or a file in it
 */
export function unwritable(place: string, cause: unknown): AgentError {
  if (cause instanceof AgentError) return cause;
  const known = fileFailure(cause);
  if (known)
    return new AgentError(CODES[known.code], `cannot write ${place}: ${known.what}; ${known.remedy}`, {}, { cause });
  return new AgentError("HOME_UNWRITABLE", `cannot write ${place}: ${messageOf(cause)}`, {}, { cause });
}

/**
 * Runs what writes to a place of the agent's.
 * @throws AgentError DISK_FULL, DISK_QUOTA, DISK_FAILED, HOME_READ_ONLY, HOME_GONE; other errors as they are
 */
export async function writing<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(error) ? unwritable(place, error) : error;
  }
}
