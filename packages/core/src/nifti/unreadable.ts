import { type ImageError, imageError } from "../image/errors.js";

/** The error for a NIfTI file that cannot be used: what is wrong with it, and what to do. */
export function unreadableVolume(path: string, reason: string, remedy: string, cause?: unknown): ImageError {
  return imageError("IMAGE_UNREADABLE", path, { reason, remedy }, cause);
}

export const COPY_AGAIN = "copy the file again from where it came from, or take it out of the folder";
