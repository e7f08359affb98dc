import { type Kysely, type Migration, Migrator } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database } from "./schema.js";

/** Forward only: a migration that has shipped is never changed, a mistake in it is mended by a later one. */
const migrations: Record<string, Migration> = {
  "0001-first": {
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
  },
  "0002-report-failures": {
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
  },
  "0003-rosters-and-seals": {
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
  },
};

/**
 * Brings the database up to this program's schema.
 * @throws CoordinatorError SCHEMA_NEWER when a newer program wrote it: nothing is changed then.
 */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const applied = (await migrator.getMigrations()).filter((migration) => migration.executedAt !== undefined).length;
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.startsWith("corrupted migrations"))
    throw new CoordinatorError(
      "SCHEMA_NEWER",
      "the database was written by a newer version of this program; install that version, nothing was changed",
    );
  throw new CoordinatorError(
    "SCHEMA_FAILED",
    `the database could not be brought up to date after step ${applied}`,
    {},
    {
      cause: error,
    },
  );
}
