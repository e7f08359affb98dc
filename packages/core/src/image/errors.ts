import { FedBapsError } from "../common/errors.js";

export type ImageErrorCode = "IMAGE_UNREADABLE" | "IMAGE_TOO_LARGE" | "IMAGE_UNWRITABLE";

/** A picture file that cannot be read or written. The message names the file, so it stays at the site. */
export class ImageError extends FedBapsError<ImageErrorCode> {}
