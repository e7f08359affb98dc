import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Request } from "express";
import { CoordinatorError } from "../errors.js";
import type { SessionRepository } from "../store/session-repository.js";
import type { Role, TokenRepository, TokenRow } from "../store/token-repository.js";
import { sessionCookie } from "./cookies.js";
import { HttpError } from "./http-error.js";

export interface AuthoriseComponents {
  readonly tokens: TokenRepository;
  readonly sessions: SessionRepository;
  readonly clock: Clock;
}

/** Who asks. */
export interface RequestContext {
  readonly role: Role;
  readonly name: string;
  readonly tokenId: string;
  /** `admin:TOKEN-ID` or `viewer:TOKEN-ID`, as the audit log names whoever did something. */
  readonly actor: string;
  /** When this right ends by itself, in milliseconds since the epoch. */
  readonly expiresAt: number | null;
}

/** `none`: nothing was shown that counts; `invalid`: a token was, which is wrong, expired or revoked. */
export type Authentication = RequestContext | "none" | "invalid";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
const contexts = new WeakMap<Request, RequestContext>();

/** Who asks, at a route that only the authorised reach. @throws CoordinatorError NOT_AUTHORISED at any other */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new CoordinatorError("NOT_AUTHORISED", "this needs a valid token");
  return context;
}

export function isAuthorised(request: Request): boolean {
  return contexts.has(request);
}

/**
 * Reads the bearer token of a request, else its session cookie.
 * @throws HttpError CROSS_SITE for a browser's unsafe request that another page may have caused
 */
export async function authenticate(components: AuthoriseComponents, request: Request): Promise<Authentication> {
  const { tokens, sessions, clock } = components;
  const now = clock.now();
  if (request.headers.authorization !== undefined) {
    const token = /^Bearer +([A-Za-z0-9_-]{20,200})$/i.exec(request.headers.authorization)?.[1];
    const row = token === undefined ? undefined : await tokens.find(token, now);
    return row === undefined ? "invalid" : admit(components, request, row, row.expiresAt);
  }
  const secret = sessionCookie(request);
  if (secret === undefined) return "none";
  const session = await sessions.find(secret, now);
  const row = session && (await tokens.findById(session.tokenId, now));
  // A session that is over is no attempt to guess one: browsers keep sending its cookie.
  if (session === undefined || row === undefined) return "none";
  if (!SAFE_METHODS.has(request.method)) {
    if (request.get("x-fedbaps-request") !== "1")
      throw new HttpError("CROSS_SITE", "a signed-in browser must send the header X-FedBAPS-Request: 1");
    requireSameOrigin(request);
  }
  return admit(components, request, row, Math.min(session.expiresAt, row.expiresAt ?? session.expiresAt));
}

/** @throws HttpError CROSS_SITE where the browser says that another page asks */
export function requireSameOrigin(request: Request): void {
  const origin = request.get("origin");
  if (origin === undefined || origin === `${request.protocol}://${request.host}`) return;
  throw new HttpError(
    "CROSS_SITE",
    "the request comes from a page of another address; a proxy before the coordinator must pass on Host and X-Forwarded-Proto",
  );
}

/** Whether the right that a request came with still counts: for answers that go on for hours. */
export async function stillAuthorised(components: AuthoriseComponents, request: Request): Promise<boolean> {
  const again = await authenticate(components, request);
  return typeof again === "object";
}

async function admit(
  { tokens, clock }: AuthoriseComponents,
  request: Request,
  row: TokenRow,
  expiresAt: number | null,
): Promise<RequestContext> {
  await tokens.used(row, clock.now());
  const { role, name, id } = row;
  const context = { role, name, tokenId: id, actor: `${role}:${id}`, expiresAt };
  contexts.set(request, context);
  return context;
}
