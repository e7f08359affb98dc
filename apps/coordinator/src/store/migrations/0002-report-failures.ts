import type { Kysely, Migration } from "kysely";

export const reportFailures: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("report_failures")
      .addColumn("study", "text", (column) => column.notNull().references("studies.name"))
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("code", "text", (column) => column.notNull())
      .addColumn("failed_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("report_failures_key", ["study", "site"])
      .execute();
  },
};
