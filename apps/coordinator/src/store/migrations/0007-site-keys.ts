import { type Kysely, type Migration, sql } from "kysely";

export const siteKeys: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("sites").addColumn("keys_since", "bigint").execute();
    // When a site enrolled was not kept so far; its keys are as old as its first invite at most.
    await sql`update sites set keys_since = created_at where sign_key is not null`.execute(db);
    await db.schema
      .createTable("site_keys")
      .addColumn("sign_key", "text", (column) => column.primaryKey())
      .addColumn("box_key", "text", (column) => column.notNull())
      .addColumn("site", "text", (column) => column.notNull().references("sites.name"))
      .addColumn("since", "bigint", (column) => column.notNull())
      .addColumn("until", "bigint", (column) => column.notNull())
      .execute();
  },
};
