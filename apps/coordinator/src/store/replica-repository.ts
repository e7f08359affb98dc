import { sql } from "kysely";
import type { Database } from "./schema.js";

export interface ReplicaRow {
  id: string;
  startedAt: number;
  /** When it counts as gone unless it says something, by the database's clock; null: it needs not say anything. */
  aliveUntil: number | null;
}

/** The coordinator processes that share this database. Every time here is the database's: their clocks may differ. */
export class ReplicaRepository {
  constructor(
    private readonly db: Database,
    readonly own: string,
  ) {}

  /** Says that this process lives for another `milliseconds`; without a figure, until it says otherwise. */
  async beat(startedAt: number, milliseconds?: number): Promise<void> {
    const until =
      milliseconds === undefined
        ? sql<Date>`'infinity'::timestamptz`
        : sql<Date>`clock_timestamp() + ${milliseconds} * interval '1 millisecond'`;
    await this.db
      .insertInto("replicas")
      .values({ id: this.own, started_at: startedAt, alive_until: until })
      .onConflict((conflict) => conflict.column("id").doUpdateSet({ alive_until: until }))
      .execute();
  }

  /** This process is about to end. */
  async leave(): Promise<void> {
    await this.db.deleteFrom("replicas").where("id", "=", this.own).execute();
  }

  /** Whatever else is on record is gone: for a database that only one process can open. */
  async alone(): Promise<void> {
    await this.db.deleteFrom("replicas").where("id", "!=", this.own).execute();
  }

  /** Forgets replicas that have been gone for a day. */
  async prune(): Promise<void> {
    await this.db
      .deleteFrom("replicas")
      .where("alive_until", "<", sql<Date>`clock_timestamp() - interval '1 day'`)
      .execute();
  }

  /** Those that live. */
  async living(): Promise<ReplicaRow[]> {
    const rows = await this.db
      .selectFrom("replicas")
      .select([
        "id",
        "started_at",
        sql<number | null>`case when isfinite(alive_until) then extract(epoch from alive_until) * 1000 end`.as("until"),
      ])
      .where("alive_until", ">", sql<Date>`clock_timestamp()`)
      .orderBy("started_at")
      .execute();
    return rows.map((row) => ({
      id: row.id,
      startedAt: Number(row.started_at),
      aliveUntil: row.until === null ? null : Number(row.until),
    }));
  }
}
