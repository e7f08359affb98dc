import type { Logger } from "@fedbaps/core/common/logger.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import type { AuditLog } from "../audit/audit-log.js";
import { CoordinatorError } from "../errors.js";
import { type AuthoriseComponents, contextOf, requireSameOrigin } from "./authorise.js";
import { clearSessionCookie, sessionCookie, setSessionCookie } from "./cookies.js";
import { type Route, route } from "./route.js";
import { sessionSchema, signInSchema } from "./schemas/session.js";

export interface SessionsComponents extends AuthoriseComponents {
  readonly audit: AuditLog;
  readonly random: RandomBytes;
  readonly logger: Logger;
}

/** Who one is, and how a browser signs in and out. */
export function sessionRoutes({ tokens, sessions, audit, clock, random, logger }: SessionsComponents): Route[] {
  return [
    route({
      method: "get",
      path: "/session",
      summary: "Who the token or the signed-in browser is",
      role: "viewer",
      answer: { status: 200, description: "who asks", schema: sessionSchema },
      handle({ request }) {
        const { role, name, tokenId, expiresAt } = contextOf(request);
        return { role, name, tokenId, expiresAt };
      },
    }),
    route({
      method: "post",
      path: "/session",
      summary: "Signs a browser in: sets a cookie that scripts cannot read, for twelve hours",
      role: "anyone",
      body: signInSchema,
      guessable: true,
      answer: { status: 200, description: "signed in", schema: sessionSchema },
      problems: [401],
      async handle({ body, request, response }) {
        requireSameOrigin(request);
        const now = clock.now();
        const token = await tokens.find(body.token, now);
        if (token === undefined) throw new CoordinatorError("NOT_AUTHORISED", "the token is wrong, expired or revoked");
        const secret = Buffer.from(random(32)).toString("base64url");
        const session = await sessions.begin(secret, token.id, now);
        const actor = `${token.role}:${token.id}`;
        await audit.record({ actor, action: "session.opened", details: { token: token.id } });
        logger.info("session-opened", { role: token.role });
        setSessionCookie(request, response, secret);
        const expiresAt = Math.min(session.expiresAt, token.expiresAt ?? session.expiresAt);
        return { role: token.role, name: token.name, tokenId: token.id, expiresAt };
      },
    }),
    route({
      method: "delete",
      path: "/session",
      summary: "Signs the browser out",
      role: "viewer",
      answer: { status: 204, description: "signed out" },
      async handle({ request, response }) {
        const secret = sessionCookie(request);
        if (secret !== undefined) await sessions.end(secret);
        clearSessionCookie(request, response);
      },
    }),
  ];
}
