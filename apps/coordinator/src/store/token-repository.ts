import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Selectable } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database, TokensTable } from "./schema.js";

/** `admin` may everything, `viewer` only reads. */
export type Role = "admin" | "viewer";

/** A token as it is shown: never the token itself, nor its hash. Times in milliseconds since the epoch. */
export interface TokenRow {
  id: string;
  name: string;
  role: Role;
  createdAt: number;
  expiresAt: number | null;
  /** To the minute. */
  lastUsedAt: number | null;
}

export interface NewToken {
  name?: string;
  expiresAt?: number | null;
}

/** How exactly the last use is known; it saves a write for every request. */
const USE_MILLISECONDS = 60_000;

/** Bearer tokens of the API. Only their hashes are kept; a token has 256 random bits, so a plain hash is enough. */
export class TokenRepository {
  constructor(private readonly db: Database) {}

  /** Whether any token was ever made: the first start makes one. */
  async any(): Promise<boolean> {
    return (await this.db.selectFrom("tokens").select("hash").limit(1).executeTakeFirst()) !== undefined;
  }

  /** Lets a token in. The same token again changes nothing. */
  async add(token: string, role: Role, now: number, { name, expiresAt }: NewToken = {}): Promise<TokenRow> {
    const hash = hashOf(token);
    await this.db
      .insertInto("tokens")
      .values({
        hash,
        id: hash.slice(0, 12),
        name: name ?? "first admin",
        role,
        created_at: now,
        expires_at: expiresAt ?? null,
      })
      .onConflict((conflict) => conflict.column("hash").doNothing())
      .execute();
    return tokenOf(await this.db.selectFrom("tokens").selectAll().where("hash", "=", hash).executeTakeFirstOrThrow());
  }

  /** Those that are not revoked, oldest first; expired ones are among them. */
  async list(): Promise<TokenRow[]> {
    const rows = await this.db
      .selectFrom("tokens")
      .selectAll()
      .where("revoked_at", "is", null)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(tokenOf);
  }

  /** What a token may, unless it is unknown, revoked or expired. */
  async roleOf(token: string, now: number): Promise<Role | undefined> {
    return (await this.#valid("hash", hashOf(token), now))?.role;
  }

  /** The token itself, unless it is unknown, revoked or expired. */
  async find(token: string, now: number): Promise<TokenRow | undefined> {
    return this.#valid("hash", hashOf(token), now);
  }

  /** The same by the token's id. */
  async findById(id: string, now: number): Promise<TokenRow | undefined> {
    return this.#valid("id", id, now);
  }

  /** Notes that a token was used, at most once a minute. */
  async used({ id, lastUsedAt }: TokenRow, now: number): Promise<void> {
    if (lastUsedAt !== null && now - lastUsedAt < USE_MILLISECONDS) return;
    await this.db.updateTable("tokens").set({ last_used_at: now }).where("id", "=", id).execute();
  }

  /**
   * Ends a token, and every session that was begun with it: to be called in one transaction.
   * @returns whether it counted until now
   * @throws CoordinatorError NOT_FOUND; CONFLICT for the last admin's: nobody could make another
   */
  async revoke(id: string, now: number): Promise<boolean> {
    // The lock keeps two revocations at once from ending the last two.
    const admins = await this.db
      .selectFrom("tokens")
      .select(["id", "expires_at"])
      .where("role", "=", "admin")
      .where("revoked_at", "is", null)
      .orderBy("id")
      .forUpdate()
      .execute();
    const row = await this.db.selectFrom("tokens").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw new CoordinatorError("NOT_FOUND", `there is no token ${id}`);
    if (row.revoked_at !== null) return false;
    const others = admins.filter((admin) => admin.id !== id && !isOver(admin.expires_at, now));
    if (row.role === "admin" && !isOver(row.expires_at, now) && others.length === 0)
      throw new CoordinatorError(
        "CONFLICT",
        `token ${id} is the last admin token: make another one first (fedbaps-coordinator token create)`,
      );
    await this.db.updateTable("tokens").set({ revoked_at: now }).where("id", "=", id).execute();
    await this.db.deleteFrom("sessions").where("token", "=", id).execute();
    return true;
  }

  async #valid(column: "hash" | "id", value: string, now: number): Promise<TokenRow | undefined> {
    const row = await this.db
      .selectFrom("tokens")
      .selectAll()
      .where(column, "=", value)
      .where("revoked_at", "is", null)
      .executeTakeFirst();
    return row === undefined || isOver(row.expires_at, now) ? undefined : tokenOf(row);
  }
}

function isOver(expiresAt: number | string | bigint | null, now: number): boolean {
  return expiresAt !== null && Number(expiresAt) <= now;
}

function tokenOf(row: Selectable<TokensTable>): TokenRow {
  return {
    id: row.id,
    name: row.name,
    role: row.role === "admin" ? "admin" : "viewer",
    createdAt: Number(row.created_at),
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
    lastUsedAt: row.last_used_at === null ? null : Number(row.last_used_at),
  };
}

function hashOf(token: string): string {
  return sha256Hex("fedbaps/token/1", token);
}
