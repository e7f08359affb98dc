import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { isLoopback } from "../config.js";
import { contextOf, isAuthorised } from "./authorise.js";
import { HttpError } from "./http-error.js";

/** How often things may be asked, per minute. */
export interface RateLimits {
  /** Requests of one token, or of one address that shows none. */
  readonly requests: number;
  /** Failed attempts of one address: to enrol, to sign in, to show a token that counts. */
  readonly failures: number;
}

export const DEFAULT_LIMITS: RateLimits = { requests: 600, failures: 20 };
const MINUTE = 60_000;

export interface Limiters {
  /** For every request, once it is known who asks. */
  readonly requests: RequestHandler;
  /** For a request that has just failed to show who asks. */
  readonly failedAuthorisation: RequestHandler;
  /** For a route where secrets could be guessed: counts the failures. */
  readonly guesses: RequestHandler;
}

/** Counted in this process: replicas count apart. */
export function createLimiters({ requests, failures }: RateLimits): Limiters {
  const common = {
    windowMs: MINUTE,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    handler: (_request: Request, _response: unknown, next: (error: unknown) => void) =>
      next(new HttpError("RATE_LIMITED", "too many requests; wait as long as Retry-After says")),
  } as const;
  return {
    requests: rateLimit({
      ...common,
      identifier: "requests",
      limit: requests,
      keyGenerator: (request) => (isAuthorised(request) ? `token ${contextOf(request).tokenId}` : addressOf(request)),
      // A program on this machine can do worse than ask often; guessing it may not even so.
      skip: isLocal,
    }),
    failedAuthorisation: rateLimit({
      ...common,
      identifier: "failures",
      limit: failures,
      keyGenerator: addressOf,
    }),
    guesses: rateLimit({
      ...common,
      identifier: "guesses",
      limit: failures,
      keyGenerator: addressOf,
      skipSuccessfulRequests: true,
    }),
  };
}

/** Whether it comes from a program on this machine: not over a network, nor through a proxy that says so. */
export function isLocal(request: Request): boolean {
  const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "via"];
  return isLoopback(peer) && !forwarded.some((name) => name in request.headers);
}

function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? "unknown");
}
