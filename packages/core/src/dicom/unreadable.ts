import { ImageError } from "../image/errors.js";

/** The error for a DICOM file that cannot be used: what is wrong with it, and what to do. */
export function unreadableDicom(path: string, reason: string, remedy: string, cause?: unknown): ImageError {
  return new ImageError("IMAGE_UNREADABLE", `${path}: ${reason}; ${remedy}`, { path }, { cause });
}

export const COPY_AGAIN = "export or copy the file again from where it came from, or take it out of the folder";
export const CONVERT = "convert it to an uncompressed DICOM file (as with dcmdjpeg or gdcmconv --raw)";

/** A value of a header for a message: short, and without characters that a terminal would obey. */
export function quoted(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}
