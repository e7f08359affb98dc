import { FedBapsError } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { z } from "zod";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";
import { isDatabaseAway } from "./database-fault.js";
import { HttpError } from "./http-error.js";
import { requestIdOf } from "./request-log.js";
import type { Problem } from "./schemas/problem.js";

/** The status of every code that goes out as it is. */
export const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  BAD_SIGNATURE: 400,
  BAD_ROSTER: 400,
  NOT_AUTHORISED: 401,
  BAD_INVITE: 403,
  FORBIDDEN: 403,
  CROSS_SITE: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  PRECONDITION_REQUIRED: 428,
  RATE_LIMITED: 429,
  LEASE_LOST: 503,
  NOT_DRIVEN: 503,
  UNREACHABLE: 503,
  UNAVAILABLE: 503,
};
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not authorised",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  406: "Not acceptable",
  409: "Conflict",
  412: "Precondition failed",
  413: "Too large",
  415: "Unsupported media type",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal error",
  503: "Not available",
};
const RETRY_SECONDS = "2";

/** The problem that an error is to the outside. What is not ours, and not the client's fault, says nothing of itself. */
export function problemOf(error: unknown): Problem {
  if (error instanceof z.ZodError) {
    const errors = error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
    return { ...problem(400, "BAD_REQUEST", "the request has faults"), errors };
  }
  if (error instanceof FedBapsError) {
    const status = STATUS[error.code];
    if (status !== undefined) return problem(status, error.code, error.message);
  }
  if (isDatabaseAway(error)) return problem(503, "UNAVAILABLE", "the database does not answer now; try again");
  const status = clientStatus(error);
  if (status === 413) return problem(413, "TOO_LARGE", "the body is larger than this address takes");
  if (status === 415)
    return problem(
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      "the body must be JSON in UTF-8, and not compressed in an unknown way",
    );
  if (status !== undefined) return problem(400, "BAD_REQUEST", "the request could not be read; is the body JSON?");
  return problem(500, "INTERNAL", "something failed here; the coordinator's log says more");
}

/** The last handler: every error of every route ends here. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    const answer = problemOf(error);
    const requestId = requestIdOf(response);
    const line = { method: request.method, requestId, ...faultFields(error), code: answer.code };
    // What passes by itself needs no trace of where it happened.
    if (answer.status === 503) logger.warn("request-failed", { ...line, stack: undefined });
    else if (answer.status >= 500) logger.error("request-failed", line);
    if (response.headersSent) return next(error);
    if (answer.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
    if (answer.status === 503) response.setHeader("Retry-After", RETRY_SECONDS);
    if (error instanceof HttpError) response.set(error.headers);
    response.status(answer.status).type("application/problem+json").send(JSON.stringify(answer));
  };
}

export const notFound: RequestHandler = (_request, _response, next) => {
  next(new CoordinatorError("NOT_FOUND", "there is nothing at this address"));
};

function problem(status: number, code: string, detail: string): Problem {
  return { type: `urn:fedbaps:problem:${code}`, title: TITLES[status] ?? "Error", status, code, detail };
}

/** Express and its body parser put `status` on errors that are the client's. */
function clientStatus(error: unknown): number | undefined {
  const parsed = z.object({ status: z.number().min(400).max(499) }).safeParse(error);
  return parsed.success ? parsed.data.status : undefined;
}
