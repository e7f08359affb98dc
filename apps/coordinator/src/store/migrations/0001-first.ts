import type { Kysely, Migration } from "kysely";

export const first: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("sites")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("sign_key", "text", (column) => column.unique())
      .addColumn("box_key", "text")
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("last_seen", "bigint")
      .addColumn("bytes_up", "bigint", (column) => column.notNull().defaultTo(0))
      .addColumn("bytes_down", "bigint", (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createTable("invites")
      .addColumn("code_hash", "text", (column) => column.primaryKey())
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .addColumn("used_at", "bigint")
      .execute();
    await db.schema
      .createTable("studies")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("spec", "text", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("reason", "text")
      .addColumn("version", "integer", (column) => column.notNull().defaultTo(0))
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("approvals")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("hash", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("approvals_key", ["study", "site"])
      .execute();
    await db.schema
      .createTable("rounds")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("round", "integer", (column) => column.notNull())
      .addColumn("attempt", "integer", (column) => column.notNull())
      .addColumn("phase", "text", (column) => column.notNull())
      .addColumn("started_at", "bigint", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .addColumn("code", "text")
      .addColumn("cohort", "text")
      .addColumn("survivors", "text")
      .addColumn("drop_outs", "text")
      .addColumn("metrics", "text")
      .addColumn("sum", "bytea")
      .addPrimaryKeyConstraint("rounds_key", ["study", "round", "attempt"])
      .execute();
    await db.schema
      .createTable("reports")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("report", "text", (column) => column.notNull())
      .addColumn("received_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("reports_key", ["study", "site"])
      .execute();
    await db.schema
      .createTable("tokens")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
