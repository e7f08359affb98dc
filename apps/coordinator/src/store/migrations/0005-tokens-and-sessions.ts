import { type Kysely, type Migration, sql } from "kysely";

export const tokensAndSessions: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("tokens").addColumn("id", "text").execute();
    await db.schema
      .alterTable("tokens")
      .addColumn("name", "text", (column) => column.notNull().defaultTo("first admin"))
      .execute();
    await db.schema.alterTable("tokens").addColumn("expires_at", "bigint").execute();
    await db.schema.alterTable("tokens").addColumn("last_used_at", "bigint").execute();
    await db.schema.alterTable("tokens").addColumn("revoked_at", "bigint").execute();
    // The token that the first start made keeps its right; its id is made as those of later ones are.
    await sql`update tokens set id = substr(hash, 1, 12)`.execute(db);
    await db.schema
      .alterTable("tokens")
      .alterColumn("id", (column) => column.setNotNull())
      .execute();
    await db.schema.alterTable("tokens").addUniqueConstraint("tokens_id", ["id"]).execute();
    await db.schema
      .createTable("sessions")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("token", "text", (column) => column.notNull().references("tokens.id"))
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("sessions_expiry").on("sessions").column("expires_at").execute();
  },
};
