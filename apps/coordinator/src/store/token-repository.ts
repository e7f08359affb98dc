import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Database } from "./schema.js";

export type Role = "admin";

/** Bearer tokens of the API. Only their hashes are kept; a token has 256 random bits, so a plain hash is enough. */
export class TokenRepository {
  constructor(private readonly db: Database) {}

  async any(): Promise<boolean> {
    return (await this.db.selectFrom("tokens").select("hash").limit(1).executeTakeFirst()) !== undefined;
  }

  async add(token: string, role: Role, now: number): Promise<void> {
    await this.db
      .insertInto("tokens")
      .values({ hash: hashOf(token), role, created_at: now })
      .onConflict((conflict) => conflict.column("hash").doNothing())
      .execute();
  }

  async roleOf(token: string): Promise<Role | undefined> {
    const row = await this.db.selectFrom("tokens").select("role").where("hash", "=", hashOf(token)).executeTakeFirst();
    return row?.role === "admin" ? "admin" : undefined;
  }
}

function hashOf(token: string): string {
  return sha256Hex("fedbaps/token/1", token);
}
