import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import type { Selectable } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database, SitesTable } from "./schema.js";
import { requireNewKeys } from "./site-keys.js";

/** `invited` (no keys yet) -> `pending` (enrolled) -> `approved` -> `revoked`. */
export type SiteStatus = "invited" | "pending" | "approved" | "revoked";

export interface SiteRow {
  name: string;
  status: SiteStatus;
  signKey: string | null;
  boxKey: string | null;
  /** Since when these keys are in use, in milliseconds since the epoch. */
  keysSince: number | null;
  createdAt: number;
  lastSeen: number | null;
  bytesUp: number;
  bytesDown: number;
}

/** The keys of those of the named sites that are approved. */
export function membersOf(sites: readonly SiteRow[], names: readonly string[]): Member[] {
  const named = new Set(names);
  return sites
    .filter(({ status, name }) => status === "approved" && named.has(name))
    .map(({ name, signKey, boxKey }) => ({ site: name, signKey: signKey!, boxKey: boxKey! }));
}

/** Sites, their keys, and the one-time invites by which they come. */
export class SiteRepository {
  /** @param db may be a transaction: what is changed here then belongs to it. */
  constructor(private readonly db: Database) {}

  async list(): Promise<SiteRow[]> {
    return (await this.db.selectFrom("sites").selectAll().orderBy("name").execute()).map(siteOf);
  }

  async find(name: string): Promise<SiteRow | undefined> {
    const row = await this.db.selectFrom("sites").selectAll().where("name", "=", name).executeTakeFirst();
    return row && siteOf(row);
  }

  /** The same; nobody else changes the site until the transaction ends. */
  async lock(name: string): Promise<SiteRow | undefined> {
    const row = await this.db.selectFrom("sites").selectAll().where("name", "=", name).forUpdate().executeTakeFirst();
    return row && siteOf(row);
  }

  /** When the open invites end, by the sites that they are for. */
  async openInvites(now: number): Promise<Map<string, number>> {
    const rows = await this.db
      .selectFrom("invites")
      .select(["site", "expires_at"])
      .where("used_at", "is", null)
      .where("expires_at", ">", now)
      .execute();
    return new Map(rows.map((row) => [row.site, Number(row.expires_at)]));
  }

  /** The keys of those of the named sites that are approved. */
  async members(names: readonly string[]): Promise<Member[]> {
    return membersOf(await this.list(), names);
  }

  /** Stores a one-time code for a site. Earlier unused codes of the site stop working. */
  async invite(site: string, code: string, expiresAt: number, now: number): Promise<void> {
    await this.#within(async (transaction) => {
      await transaction
        .insertInto("sites")
        .values({
          name: site,
          status: "invited",
          sign_key: null,
          box_key: null,
          created_at: now,
          bytes_up: 0,
          bytes_down: 0,
        })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      const row = await transaction
        .selectFrom("sites")
        .select("status")
        .where("name", "=", site)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (row.status !== "invited")
        throw new CoordinatorError("CONFLICT", `site ${site} is ${row.status} already; choose another name`, { site });
      await transaction.deleteFrom("invites").where("site", "=", site).where("used_at", "is", null).execute();
      await transaction
        .insertInto("invites")
        .values({ code_hash: hashOf(code), site, expires_at: expiresAt, used_at: null })
        .execute();
    });
  }

  /**
   * Turns an invite into a pending site. The same keys with the same code again change nothing: an answer that was lost
   * on the way can be asked for again.
   * @throws CoordinatorError BAD_INVITE (the code is wrong, used or expired), CONFLICT
   */
  async enrol(code: string, { site, signKey, boxKey }: Member, now: number): Promise<SiteStatus> {
    return this.#within(async (transaction) => {
      const invite = await transaction
        .selectFrom("invites")
        .selectAll()
        .where("code_hash", "=", hashOf(code))
        .forUpdate()
        .executeTakeFirst();
      const refuse = (why: string) =>
        new CoordinatorError("BAD_INVITE", `the invite code ${why}; ask the study lead for a new one`, { site });
      if (invite === undefined || invite.site !== site) throw refuse("is not valid for this site");
      const row = await transaction
        .selectFrom("sites")
        .selectAll()
        .where("name", "=", site)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (invite.used_at !== null) {
        if (row.sign_key === signKey && row.box_key === boxKey) return siteOf(row).status;
        throw refuse("was used before");
      }
      if (Number(invite.expires_at) <= now) throw refuse("has expired");
      if (row.status !== "invited") throw refuse("is not valid any more");
      await requireNewKeys(transaction, site, { signKey, boxKey });
      await transaction
        .updateTable("invites")
        .set({ used_at: now })
        .where("code_hash", "=", invite.code_hash)
        .execute();
      await transaction
        .updateTable("sites")
        .set({ status: "pending", sign_key: signKey, box_key: boxKey, keys_since: now })
        .where("name", "=", site)
        .execute();
      return "pending";
    });
  }

  /** An invite that is still open ends with the site's revocation. */
  async setStatus(name: string, status: SiteStatus): Promise<void> {
    await this.#within(async (transaction) => {
      await transaction.updateTable("sites").set({ status }).where("name", "=", name).execute();
      if (status === "revoked")
        await transaction.deleteFrom("invites").where("site", "=", name).where("used_at", "is", null).execute();
    });
  }

  #within<T>(act: (transaction: Database) => Promise<T>): Promise<T> {
    return this.db.isTransaction ? act(this.db) : this.db.transaction().execute(act);
  }
}

function siteOf(row: Selectable<SitesTable>): SiteRow {
  return {
    name: row.name,
    status: row.status as SiteStatus,
    signKey: row.sign_key,
    boxKey: row.box_key,
    keysSince: row.keys_since === null ? null : Number(row.keys_since),
    createdAt: Number(row.created_at),
    lastSeen: row.last_seen === null ? null : Number(row.last_seen),
    bytesUp: Number(row.bytes_up),
    bytesDown: Number(row.bytes_down),
  };
}

function hashOf(code: string): string {
  return sha256Hex("fedbaps/invite/1", code);
}
