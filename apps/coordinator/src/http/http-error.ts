import { FedBapsError } from "@fedbaps/core/common/errors.js";

export type HttpErrorCode =
  /** A viewer's token, where an admin's is needed. */
  | "FORBIDDEN"
  /** A browser's request that may come from another page. */
  | "CROSS_SITE"
  | "METHOD_NOT_ALLOWED"
  | "NOT_ACCEPTABLE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "TOO_LARGE"
  /** If-Match names another version than the one here. */
  | "PRECONDITION_FAILED"
  | "PRECONDITION_REQUIRED"
  | "RATE_LIMITED"
  | "UNAVAILABLE";

/** What is refused because of how it was asked. `headers` go with the answer. */
export class HttpError extends FedBapsError<HttpErrorCode> {
  constructor(
    code: HttpErrorCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, message);
  }
}
