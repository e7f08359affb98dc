import type { Clock } from "@fedbaps/core/common/clock.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import type { AuditLog } from "../audit/audit-log.js";
import { TokenRepository } from "../store/token-repository.js";
import { contextOf } from "./authorise.js";
import { type Route, route } from "./route.js";
import { madeTokenSchema, newTokenSchema, tokenParams, tokensSchema } from "./schemas/token.js";

export interface TokensComponents {
  readonly tokens: TokenRepository;
  readonly audit: AuditLog;
  readonly random: RandomBytes;
  readonly clock: Clock;
}

const DAY = 24 * 3_600_000;

/** Tokens of the API: who has one, new ones, and ends of old ones. */
export function tokenRoutes({ tokens, audit, random, clock }: TokensComponents): Route[] {
  return [
    route({
      method: "get",
      path: "/tokens",
      summary: "All tokens that are not revoked, without their secrets",
      role: "admin",
      answer: { status: 200, description: "the tokens, oldest first", schema: tokensSchema },
      handle: async () => ({ tokens: await tokens.list() }),
    }),
    route({
      method: "post",
      path: "/tokens",
      summary: "Makes a token; it is shown this once",
      role: "admin",
      body: newTokenSchema,
      answer: { status: 201, description: "the token", schema: madeTokenSchema },
      async handle({ body: { name, role, expiresInDays }, request }) {
        const token = Buffer.from(random(32)).toString("base64url");
        const now = clock.now();
        const expiresAt = expiresInDays === undefined ? null : now + expiresInDays * DAY;
        const made = await audit.within(async (transaction) => {
          const result = await new TokenRepository(transaction).add(token, role, now, { name, expiresAt });
          const details = { token: result.id, role, expiresAt };
          return { result, entry: { actor: contextOf(request).actor, action: "token.created", details } };
        });
        return { ...made, token };
      },
    }),
    route({
      method: "delete",
      path: "/tokens/:id",
      summary: "Revokes a token, and ends every session that was begun with it",
      role: "admin",
      params: tokenParams,
      answer: { status: 204, description: "it is revoked, by this request or an earlier one" },
      problems: [404, 409],
      async handle({ params: { id }, request }) {
        await audit.within(async (transaction) => {
          const revoked = await new TokenRepository(transaction).revoke(id, clock.now());
          const entry = { actor: contextOf(request).actor, action: "token.revoked", details: { token: id } } as const;
          return { result: undefined, entry: revoked ? entry : undefined };
        });
      },
    }),
  ];
}
