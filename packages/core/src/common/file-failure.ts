/** Why the system would not write or read a file, as far as a person can do something about it. */
export type FileFailureCode = "DISK_FULL" | "DISK_QUOTA" | "DISK_FAILED" | "READ_ONLY" | "FORBIDDEN" | "GONE";

export interface FileFailure {
  readonly code: FileFailureCode;
  /** What is wrong, as the middle of a sentence. */
  readonly what: string;
  readonly remedy: string;
}

const full = failure("DISK_FULL", "the disk is full", "free some space there");
const quota = failure("DISK_QUOTA", "the disk quota is used up", "free some space there or ask for a larger quota");
const broken = failure("DISK_FAILED", "the disk reports an error", "look at the disk or the network drive");
const readOnly = failure("READ_ONLY", "it is on a read-only disk", "mount it writable");
const forbidden = failure("FORBIDDEN", "this account has no right to it", "give the right to the account");
const gone = failure("GONE", "it is not there any more", "put it back or mount its disk");

/** By the system's codes (POSIX.1-2017, errno.h; Windows's are mapped to these by libuv). */
const FAILURES: Readonly<Record<string, FileFailure>> = {
  ENOSPC: full,
  EDQUOT: quota,
  EIO: broken,
  ESTALE: broken,
  EROFS: readOnly,
  EACCES: forbidden,
  EPERM: forbidden,
  ENOENT: gone,
  ENOTDIR: gone,
};

/** @param error anything that was thrown @returns undefined for what is no failure of a file */
export function fileFailure(error: unknown): FileFailure | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  // A refused connection has a code too; the calls of files are these.
  if (typeof code !== "string" || typeof syscall !== "string" || SOCKET_CALLS.has(syscall)) return undefined;
  return FAILURES[code];
}

const SOCKET_CALLS = new Set(["connect", "listen", "bind", "accept", "getaddrinfo", "kill", "spawn"]);

function failure(code: FileFailureCode, what: string, remedy: string): FileFailure {
  return { code, what, remedy };
}
