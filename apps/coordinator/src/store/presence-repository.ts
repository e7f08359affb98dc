import { sql } from "kysely";
import type { Database } from "./schema.js";

/** What is known of a site's link. Health is the last message that was accepted, not an open socket. */
export interface Presence {
  connected: boolean;
  /** Milliseconds since the epoch; null: it never said anything. */
  lastMessage: number | null;
  /** Everything its links have carried, seen from the site. */
  bytesUp: number;
  bytesDown: number;
}

/** What a link has carried since it was stored last. */
export interface Heard {
  site: string;
  at: number | null;
  up: number;
  down: number;
}

/** Which replica holds a site's link, when the site was heard, what its links have carried. */
export class PresenceRepository {
  constructor(
    private readonly db: Database,
    private readonly replica: string,
  ) {}

  async arrived(site: string): Promise<void> {
    await this.db.updateTable("sites").set({ replica: this.replica }).where("name", "=", site).execute();
  }

  async left(site: string): Promise<void> {
    await this.db
      .updateTable("sites")
      .set({ replica: null })
      .where("name", "=", site)
      .where("replica", "=", this.replica)
      .execute();
  }

  /** Adds what the links of many sites have carried, in one statement. */
  async heard(sites: readonly Heard[]): Promise<void> {
    if (sites.length === 0) return;
    await sql`
      update sites set
        last_seen = greatest(sites.last_seen, heard.at),
        bytes_up = sites.bytes_up + heard.up,
        bytes_down = sites.bytes_down + heard.down
      from jsonb_to_recordset(${JSON.stringify(sites)}::jsonb) as heard(site text, at bigint, up bigint, down bigint)
      where sites.name = heard.site`.execute(this.db);
  }

  async all(): Promise<Map<string, Presence>> {
    const rows = await this.db
      .selectFrom("sites")
      .leftJoin("replicas", (join) =>
        join.onRef("replicas.id", "=", "sites.replica").on("alive_until", ">", sql<Date>`clock_timestamp()`),
      )
      .select(["name", "last_seen", "bytes_up", "bytes_down", "replicas.id as replica"])
      .execute();
    return new Map(
      rows.map((row) => [
        row.name,
        {
          connected: row.replica !== null,
          lastMessage: row.last_seen === null ? null : Number(row.last_seen),
          bytesUp: Number(row.bytes_up),
          bytesDown: Number(row.bytes_down),
        },
      ]),
    );
  }
}
