import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Database } from "./schema.js";

export interface SessionRow {
  /** The id of the token with which it was begun. */
  tokenId: string;
  expiresAt: number;
}

/** How long a browser stays signed in. */
export const SESSION_MILLISECONDS = 12 * 3_600_000;

/** Browsers that are signed in. Only the hash of a session's secret (256 random bits) is kept. */
export class SessionRepository {
  constructor(private readonly db: Database) {}

  /** Begins a session of a token; what has expired is forgotten by the way. */
  async begin(secret: string, tokenId: string, now: number): Promise<SessionRow> {
    const expiresAt = now + SESSION_MILLISECONDS;
    await this.db.deleteFrom("sessions").where("expires_at", "<=", now).execute();
    await this.db
      .insertInto("sessions")
      .values({ hash: hashOf(secret), token: tokenId, created_at: now, expires_at: expiresAt })
      .execute();
    return { tokenId, expiresAt };
  }

  /** The session, unless it is unknown or over. Whether its token still counts is the token's matter. */
  async find(secret: string, now: number): Promise<SessionRow | undefined> {
    const row = await this.db
      .selectFrom("sessions")
      .select(["token", "expires_at"])
      .where("hash", "=", hashOf(secret))
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return row && { tokenId: row.token, expiresAt: Number(row.expires_at) };
  }

  async end(secret: string): Promise<void> {
    await this.db.deleteFrom("sessions").where("hash", "=", hashOf(secret)).execute();
  }
}

function hashOf(secret: string): string {
  return sha256Hex("fedbaps/session/1", secret);
}
