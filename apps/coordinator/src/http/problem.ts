import { FedBapsError } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { z } from "zod";
import { CoordinatorError } from "../errors.js";
import { faultFields } from "../log.js";

/** RFC 9457, with the code that programs read. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** All faults of the body, each with its path. */
  errors?: { path: string; message: string }[];
}

const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  BAD_SIGNATURE: 400,
  BAD_ROSTER: 400,
  NOT_AUTHORISED: 401,
  BAD_INVITE: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
};
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not authorised",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  413: "Too large",
  500: "Internal error",
};

/** The problem that an error is to the outside. What is not ours, and not the client's fault, says nothing of itself. */
export function problemOf(error: unknown): Problem {
  if (error instanceof z.ZodError) {
    const errors = error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
    return { ...problem(400, "BAD_REQUEST", "the body has faults"), errors };
  }
  if (error instanceof FedBapsError) {
    const status = STATUS[error.code];
    if (status !== undefined) return problem(status, error.code, error.message);
  }
  const status = clientStatus(error);
  if (status === 413) return problem(413, "TOO_LARGE", "the body is larger than this address takes");
  if (status !== undefined) return problem(400, "BAD_REQUEST", "the request could not be read; is the body JSON?");
  return problem(500, "INTERNAL", "something failed here; the coordinator's log says more");
}

/** The last handler: every error of every route ends here. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    const answer = problemOf(error);
    if (answer.status >= 500) logger.error("request-failed", { method: request.method, ...faultFields(error) });
    if (response.headersSent) return next(error);
    if (answer.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
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
