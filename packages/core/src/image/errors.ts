import { FedBapsError } from "../common/errors.js";

export type ImageErrorCode = "IMAGE_UNREADABLE" | "IMAGE_TOO_LARGE" | "IMAGE_UNWRITABLE" | "FILE_FORBIDDEN";

/** A picture file that cannot be read or written. The message names the file, so it stays at the site. */
export class ImageError extends FedBapsError<ImageErrorCode> {}

/** What is wrong with a file, and what to do, without its name. */
export interface Fault {
  readonly reason: string;
  readonly remedy: string;
}

/** The error for one file, in one line; its parts are among the fields. */
export function imageError(code: ImageErrorCode, path: string, { reason, remedy }: Fault, cause?: unknown): ImageError {
  const message = `${path}: ${reason}; ${remedy}`;
  return new ImageError(code, message, { path, file: path, reason, remedy }, cause === undefined ? {} : { cause });
}
