import type { Kysely, Migration } from "kysely";

export const rostersAndSeals: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("rosters")
      .addColumn("version", "integer", (column) => column.primaryKey())
      .addColumn("hash", "text", (column) => column.notNull())
      .addColumn("signed", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("epochs")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("roster_hash", "text", (column) => column.notNull())
      .addColumn("deal", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("epochs_key", ["study", "roster_hash"])
      .execute();
    await db.schema.alterTable("rounds").addColumn("seal", "text").execute();
  },
};
