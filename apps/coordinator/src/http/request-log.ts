import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import type { RequestHandler, Response } from "express";
import type { HttpTelemetry } from "../telemetry/metrics.js";

export interface RequestLogComponents {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly metrics: Pick<HttpTelemetry, "requestEnded">;
}

/** Short and without anything that means something in a log or a header. */
const SAFE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{3,63}$/;

/**
 * Gives every request an id (its own `X-Request-Id` where that is a safe token), and writes one line when it is
 * answered: the route's pattern, never the path or the query, which may hold anything.
 */
export function requestLog({ clock, random, logger, metrics }: RequestLogComponents): RequestHandler {
  return (request, response, next) => {
    const began = clock.now();
    const given = request.get("x-request-id");
    const requestId = given !== undefined && SAFE_ID.test(given) ? given : Buffer.from(random(9)).toString("base64url");
    response.locals.requestId = requestId;
    response.setHeader("X-Request-Id", requestId);
    response.once("close", () => {
      const { route, study } = routeOf(response);
      const milliseconds = Math.max(0, Math.round(clock.now() - began));
      const method = METHODS.has(request.method) ? request.method : "OTHER";
      // 499, as proxies write it: the client went away before it had its answer.
      const status = response.writableFinished ? response.statusCode : 499;
      if (route !== "/api/v1/events") metrics.requestEnded(method, route, status, milliseconds / 1000);
      logger.info("request", {
        requestId,
        method,
        route,
        ...(study === undefined ? {} : { study }),
        status,
        milliseconds,
      });
    });
    next();
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export function requestIdOf(response: Response): string | undefined {
  const id: unknown = response.locals.requestId;
  return typeof id === "string" ? id : undefined;
}

/** Notes which route answers, by its pattern, and of which study it is. */
export function setRoute(response: Response, route: string, study?: unknown): void {
  const name = nameSchema.safeParse(study);
  response.locals.route = { route, study: name.data } satisfies AnsweringRoute;
}

interface AnsweringRoute {
  readonly route: string;
  readonly study: string | undefined;
}

function routeOf(response: Response): AnsweringRoute {
  return (response.locals.route as AnsweringRoute | undefined) ?? { route: "unknown", study: undefined };
}
