import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { Kysely } from "kysely";
import { PGliteDialect } from "kysely-pglite-dialect";
import { migrate } from "./migrations.js";
import type { Database, Schema } from "./schema.js";

/**
 * Opens the database under `home` (embedded PostgreSQL; in memory without a home) and brings its schema up to date.
 * The one place that knows which PostgreSQL it is. Close it with `destroy`.
 */
export async function openDatabase(home: string | undefined): Promise<Database> {
  const db = new Kysely<Schema>({ dialect: new PGliteDialect(await openPostgres(home)) });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** Whether opening it will make it first, which takes seconds. */
export function isNewDatabase(home: string | undefined): boolean {
  return home === undefined || !existsSync(folderOf(home));
}

function folderOf(home: string): string {
  return join(home, "database");
}

/** A new database is made beside its place and moved there whole: a start that is killed leaves nothing half-made. */
async function openPostgres(home: string | undefined): Promise<PGlite> {
  if (home === undefined) return new PGlite();
  const folder = folderOf(home);
  if (isNewDatabase(home)) {
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    const postgres = new PGlite(partial);
    await postgres.waitReady;
    await postgres.close();
    await rename(partial, folder);
  }
  return new PGlite(folder);
}
