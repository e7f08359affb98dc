import { ImageError } from "../image/errors.js";

/** The error for a NIfTI file that cannot be used: what is wrong with it, and what to do. */
export function unreadableVolume(path: string, reason: string, remedy: string, cause?: unknown): ImageError {
  return new ImageError("IMAGE_UNREADABLE", `${path}: ${reason}; ${remedy}`, { path }, { cause });
}

export const COPY_AGAIN = "copy the file again from where it came from, or take it out of the folder";
