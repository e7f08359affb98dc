import type { OpenDatabase } from "@fedbaps/coordinator/store/database.js";
import { tokensAndSessions } from "@fedbaps/coordinator/store/migrations/0005-tokens-and-sessions.js";
import { SessionRepository } from "@fedbaps/coordinator/store/session-repository.js";
import { TokenRepository } from "@fedbaps/coordinator/store/token-repository.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "kysely";
import { openTestDatabase } from "../../support/test-database.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("tokens and sessions", () => {
  let database: OpenDatabase;
  let tokens: TokenRepository;
  let sessions: SessionRepository;
  beforeAll(async () => {
    database = await openTestDatabase();
    tokens = new TokenRepository(database.db);
    sessions = new SessionRepository(database.db);
  });
  afterAll(() => database.close());

  it("count until they expire or are revoked", async () => {
    const day = await tokens.add("day", "viewer", 0, { name: "for a day", expiresAt: 24 * HOUR });
    expect(day).toMatchObject({ name: "for a day", role: "viewer", expiresAt: 24 * HOUR, lastUsedAt: null });
    expect(await tokens.find("day", 24 * HOUR - 1)).toEqual(day);
    expect(await tokens.find("day", 24 * HOUR)).toBeUndefined();
    expect(await tokens.findById(day.id, 1)).toEqual(day);
    expect(await tokens.revoke(day.id, 5)).toBe(true);
    expect(await tokens.revoke(day.id, 6)).toBe(false);
    expect(await tokens.find("day", 7)).toBeUndefined();
    await expect(tokens.revoke("unknown", 7)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("write their use down once a minute", async () => {
    const read = async () => (await tokens.find("used", 1)) ?? fail();
    await tokens.add("used", "admin", 0);
    for (const [now, written] of [
      [1000, 1000],
      [2000, 1000],
      [1000 + MINUTE, 1000 + MINUTE],
    ]) {
      await tokens.used(await read(), now);
      expect((await read()).lastUsedAt).toBe(written);
    }
  });

  it("never let the last admin go, even when two leave at once", async () => {
    const second = await tokens.add("second", "admin", 0);
    const expired = await tokens.add("expired", "admin", 0, { expiresAt: 10 });
    const first = (await tokens.find("used", 1)) ?? fail();
    const revoke = (id: string) =>
      database.db.transaction().execute((transaction) => new TokenRepository(transaction).revoke(id, 20));
    const outcomes = await Promise.allSettled([revoke(first.id), revoke(second.id)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "CONFLICT" } });
    expect(await revoke(expired.id)).toBe(true);
    expect((await tokens.list()).filter(({ role }) => role === "admin")).toHaveLength(1);
  });

  it("sessions last twelve hours and are known by their hashes only", async () => {
    const { id } = await tokens.add("of a browser", "viewer", 0);
    await sessions.begin("secret-one", id, 0);
    expect(await sessions.find("secret-one", 12 * HOUR - 1)).toEqual({ tokenId: id, expiresAt: 12 * HOUR });
    expect(await sessions.find("secret-one", 12 * HOUR)).toBeUndefined();
    await sessions.begin("secret-two", id, 13 * HOUR);
    const { rows } = await sql`select * from sessions`.execute(database.db);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain("secret");
    await sessions.end("secret-two");
    expect(await sessions.find("secret-two", 14 * HOUR)).toBeUndefined();
    await sessions.begin("secret-three", id, 14 * HOUR);
    await tokens.revoke(id, 15 * HOUR);
    expect(await sessions.find("secret-three", 15 * HOUR)).toBeUndefined();
  });

  it("of an older database keep their right", async () => {
    const { db } = database;
    await db.transaction().execute(async (transaction) => {
      await sql`create schema older`.execute(transaction);
      await sql`set local search_path to older`.execute(transaction);
      await sql`create table tokens (hash text primary key, role text not null, created_at bigint not null)`.execute(
        transaction,
      );
      await sql`insert into tokens select hash, role, created_at from public.tokens limit 1`.execute(transaction);
      await tokensAndSessions.up(transaction);
      const [token, ...others] = await new TokenRepository(transaction).list();
      expect(others).toEqual([]);
      expect(token).toMatchObject({ name: "first admin", expiresAt: null, lastUsedAt: null });
      expect(token.id).toMatch(/^[0-9a-f]{12}$/);
      await sql`drop schema older cascade`.execute(transaction);
    });
  });
});

function fail(): never {
  throw new Error("there is no such token");
}
