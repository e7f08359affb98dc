import { type Kysely, type Migration, sql } from "kysely";

export const replicasAndLeases: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("replicas")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("started_at", "bigint", (column) => column.notNull())
      .addColumn("alive_until", "timestamptz", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("leases")
      .addColumn("study", "text", (column) => column.primaryKey().references("studies.name"))
      .addColumn("replica", "text", (column) => column.notNull())
      .addColumn("fence", "bigint", (column) => column.notNull())
      .execute();
    // The coordinator's own keys, where several processes are one coordinator. One row.
    await db.schema
      .createTable("coordinator_identity")
      .addColumn("id", "integer", (column) => column.primaryKey().check(sql`id = 1`))
      .addColumn("identity", "text", (column) => column.notNull())
      .execute();
    // The replica that holds a site's link.
    await db.schema.alterTable("sites").addColumn("replica", "text").execute();
    // Messages between replicas that are too large for a notification; the Socket.IO adapter's own table.
    await db.schema
      .createTable("socket_io_attachments")
      .addColumn("id", "bigserial", (column) => column.unique())
      .addColumn("created_at", "timestamptz", (column) => column.defaultTo(sql`now()`))
      .addColumn("payload", "bytea")
      .execute();
    // What the coordinator saw of each site's input, for the study lead to look at.
    await db.schema.alterTable("rounds").addColumn("seen", "text").execute();
    await db.schema
      .createTable("site_rounds")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("round", "integer", (column) => column.notNull())
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("queries", "bigint", (column) => column.notNull())
      .addColumn("val_dice", "double precision")
      .addColumn("zero_shot_val_dice", "double precision")
      .addPrimaryKeyConstraint("site_rounds_key", ["study", "round", "site"])
      .execute();
  },
};
