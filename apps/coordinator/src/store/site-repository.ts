import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { type Selectable, sql } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database, SitesTable } from "./schema.js";

/** `invited` (no keys yet) -> `pending` (enrolled) -> `approved` -> `revoked`. */
export type SiteStatus = "invited" | "pending" | "approved" | "revoked";

export interface SiteRow {
  name: string;
  status: SiteStatus;
  signKey: string | null;
  boxKey: string | null;
  createdAt: number;
  lastSeen: number | null;
  bytesUp: number;
  bytesDown: number;
}

/** Sites, their keys, and the one-time invites by which they come. */
export class SiteRepository {
  constructor(private readonly db: Database) {}

  async list(): Promise<SiteRow[]> {
    return (await this.db.selectFrom("sites").selectAll().orderBy("name").execute()).map(siteOf);
  }

  async find(name: string): Promise<SiteRow | undefined> {
    const row = await this.db.selectFrom("sites").selectAll().where("name", "=", name).executeTakeFirst();
    return row && siteOf(row);
  }

  /** The keys of those of the named sites that are approved. */
  async members(names: readonly string[]): Promise<Member[]> {
    const sites = (await this.list()).filter((site) => site.status === "approved" && names.includes(site.name));
    return sites.map(({ name, signKey, boxKey }) => ({ site: name, signKey: signKey!, boxKey: boxKey! }));
  }

  /** Stores a one-time code for a site. Earlier unused codes of the site stop working. */
  async invite(site: string, code: string, expiresAt: number, now: number): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
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
    return this.db.transaction().execute(async (transaction) => {
      const invite = await transaction
        .selectFrom("invites")
        .selectAll()
        .where("code_hash", "=", hashOf(code))
        .executeTakeFirst();
      const refuse = (why: string) =>
        new CoordinatorError("BAD_INVITE", `the invite code ${why}; ask the study lead for a new one`, { site });
      if (invite === undefined || invite.site !== site) throw refuse("is not valid for this site");
      const row = await transaction.selectFrom("sites").selectAll().where("name", "=", site).executeTakeFirstOrThrow();
      if (invite.used_at !== null) {
        if (row.sign_key === signKey && row.box_key === boxKey) return siteOf(row).status;
        throw refuse("was used before");
      }
      if (Number(invite.expires_at) <= now) throw refuse("has expired");
      if (row.status !== "invited") throw refuse("is not valid any more");
      // A key counts for one site and one purpose: no sum is made over a cohort in which two keys are the same.
      const twin = await transaction
        .selectFrom("sites")
        .select("name")
        .where((where) =>
          where.or([where("sign_key", "in", [signKey, boxKey]), where("box_key", "in", [signKey, boxKey])]),
        )
        .executeTakeFirst();
      if (twin !== undefined)
        throw new CoordinatorError("CONFLICT", "another site has enrolled with one of these keys; make new ones", {
          site,
        });
      if (signKey === boxKey)
        throw new CoordinatorError("CONFLICT", "the two keys of the site are the same; make new ones", { site });
      await transaction
        .updateTable("invites")
        .set({ used_at: now })
        .where("code_hash", "=", invite.code_hash)
        .execute();
      await transaction
        .updateTable("sites")
        .set({ status: "pending", sign_key: signKey, box_key: boxKey })
        .where("name", "=", site)
        .execute();
      return "pending";
    });
  }

  /** An invite that is still open ends with the site's revocation. */
  async setStatus(name: string, status: SiteStatus): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
      await transaction.updateTable("sites").set({ status }).where("name", "=", name).execute();
      if (status === "revoked")
        await transaction.deleteFrom("invites").where("site", "=", name).where("used_at", "is", null).execute();
    });
  }

  /** Adds what a connection that ended has carried. */
  async seen(name: string, at: number | null, bytesUp: number, bytesDown: number): Promise<void> {
    await this.db
      .updateTable("sites")
      .set((row) => ({
        ...(at === null ? {} : { last_seen: at }),
        bytes_up: sql<number>`${row.ref("bytes_up")} + ${bytesUp}`,
        bytes_down: sql<number>`${row.ref("bytes_down")} + ${bytesDown}`,
      }))
      .where("name", "=", name)
      .execute();
  }
}

function siteOf(row: Selectable<SitesTable>): SiteRow {
  return {
    name: row.name,
    status: row.status as SiteStatus,
    signKey: row.sign_key,
    boxKey: row.box_key,
    createdAt: Number(row.created_at),
    lastSeen: row.last_seen === null ? null : Number(row.last_seen),
    bytesUp: Number(row.bytes_up),
    bytesDown: Number(row.bytes_down),
  };
}

function hashOf(code: string): string {
  return sha256Hex("fedbaps/invite/1", code);
}
