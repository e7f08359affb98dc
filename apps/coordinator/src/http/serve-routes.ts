import type { NextFunction, Request, RequestHandler, Response } from "express";
import express, { type Router } from "express";
import { CoordinatorError } from "../errors.js";
import { type AuthoriseComponents, authenticate } from "./authorise.js";
import { HttpError } from "./http-error.js";
import type { Limiters } from "./limits.js";
import { setRoute } from "./request-log.js";
import type { Method, Route } from "./route.js";

export interface ServeComponents extends AuthoriseComponents {
  readonly limiters: Limiters;
}

const DEFAULT_MAX_BYTES = 16 * 1024;

/** Registers the routes at `router`, each behind its guards. */
export function serveRoutes(router: Router, routes: readonly Route[], components: ServeComponents): void {
  for (const [path, methods] of methodsByPath(routes)) router.all(path, onlyMethods(path, methods));
  for (const route of routes) router[route.method](route.path, guard(route, components));
}

function guard(route: Route, components: ServeComponents): RequestHandler {
  const { role, body, bodyOptional = false, guessable = false, maxBytes = DEFAULT_MAX_BYTES } = route;
  const parseJson = express.json({ limit: maxBytes, strict: true });
  const { limiters } = components;
  return async (request, response) => {
    if (!request.accepts(route.answer.mediaType ?? "application/json"))
      throw new HttpError(
        "NOT_ACCEPTABLE",
        `this address answers ${route.answer.mediaType ?? "application/json"}, which the request does not accept`,
      );
    if (role !== "anyone") await authorise(role, components, request, response);
    else await pass(limiters.requests, request, response);
    if (guessable) await pass(limiters.guesses, request, response);
    if (body !== undefined) {
      requireJson(request, bodyOptional);
      await pass(parseJson, request, response);
    }
    await route.serve(request, response);
  };
}

/** @throws CoordinatorError NOT_AUTHORISED; HttpError FORBIDDEN, RATE_LIMITED, CROSS_SITE */
async function authorise(
  role: "admin" | "viewer",
  components: ServeComponents,
  request: Request,
  response: Response,
): Promise<void> {
  const who = await authenticate(components, request);
  if (who === "invalid") await pass(components.limiters.failedAuthorisation, request, response);
  await pass(components.limiters.requests, request, response);
  if (who === "none" || who === "invalid")
    throw new CoordinatorError("NOT_AUTHORISED", "this needs a valid token: it is missing, wrong, expired or revoked");
  if (role === "admin" && who.role !== "admin")
    throw new HttpError("FORBIDDEN", `this needs an admin's token; ${who.name} may only read`);
}

function requireJson(request: Request, optional: boolean): void {
  const empty = request.headers["transfer-encoding"] === undefined && !(Number(request.headers["content-length"]) > 0);
  if (empty && optional) return;
  if (empty) throw new CoordinatorError("BAD_REQUEST", "this needs a body in JSON");
  if (!request.is("application/json"))
    throw new HttpError("UNSUPPORTED_MEDIA_TYPE", "the body must be JSON: send Content-Type: application/json");
}

function methodsByPath(routes: readonly Route[]): Map<string, Method[]> {
  const paths = new Map<string, Method[]>();
  for (const { path, method } of routes) paths.set(path, [...(paths.get(path) ?? []), method]);
  return paths;
}

function onlyMethods(path: string, methods: readonly Method[]): RequestHandler {
  const allowed = methods.map((method) => method.toUpperCase());
  if (allowed.includes("GET")) allowed.push("HEAD");
  return (request, response, next) => {
    setRoute(response, `/api/v1${path}`, path.startsWith("/studies/:name") ? request.params.name : undefined);
    if (allowed.includes(request.method)) return next();
    const allow = allowed.join(", ");
    throw new HttpError("METHOD_NOT_ALLOWED", `this address takes ${allow} only`, { Allow: allow });
  };
}

/** Runs a middleware by itself. @throws what it hands on */
function pass(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const next: NextFunction = (error?: unknown) => (error === undefined ? resolve() : reject(error));
    void Promise.resolve(middleware(request, response, next)).catch(reject);
  });
}
