import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PGlite, type QueryOptions, type Results, types } from "@electric-sql/pglite";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { Kysely, PostgresDialect } from "kysely";
import { PGliteDialect } from "kysely-pglite-dialect";
import type { Pool } from "pg";
import { CoordinatorError } from "../errors.js";
import { turn } from "../turns.js";
import { migrate } from "./migrations.js";
import { createPool } from "./pool.js";
import type { Database, Schema } from "./schema.js";

/** An open database, up to date. */
export interface OpenDatabase {
  readonly db: Database;
  readonly kind: "embedded" | "postgresql";
  /** Connections of a PostgreSQL of its own; undefined for the embedded one. */
  readonly pool: Pool | undefined;
  close(): Promise<void>;
}

/** Where the data are: a PostgreSQL by its address, else the embedded one under `home`, else in memory. */
export interface DatabasePlace {
  readonly home: string | undefined;
  /** `postgres://USER:PASSWORD@HOST/NAME` */
  readonly url?: string | undefined;
}

/**
 * Opens the database and brings its schema up to date. The one place that knows which PostgreSQL it is.
 * @throws UsageError for an address that is none; CoordinatorError DATABASE_UNREACHABLE, SCHEMA_NEWER, SCHEMA_FAILED
 */
export async function openDatabase({ home, url }: DatabasePlace): Promise<OpenDatabase> {
  const opened = url === undefined ? await openEmbedded(home) : await openServer(url);
  try {
    await migrate(opened.db);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return opened;
}

/** Whether opening it will make it first, which takes seconds. */
export function isNewDatabase({ home, url }: DatabasePlace): boolean {
  return url === undefined && (home === undefined || !existsSync(folderOf(home)));
}

async function openServer(url: string): Promise<OpenDatabase> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError("DATABASE_URL is no address of a PostgreSQL; write it as postgres://USER:PASSWORD@HOST/NAME");
  const pool = createPool(url, 10);
  try {
    await pool.query("select 1");
  } catch (error) {
    await pool.end();
    const { host, pathname } = new URL(url);
    // The server's own words name user and database, never the password.
    throw new CoordinatorError(
      "DATABASE_UNREACHABLE",
      `cannot use the PostgreSQL at ${host}${pathname} (${messageOf(error)}); is it running, is DATABASE_URL right?`,
    );
  }
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return { db, kind: "postgresql", pool, close: () => db.destroy() };
}

async function openEmbedded(home: string | undefined): Promise<OpenDatabase> {
  const db = new Kysely<Schema>({ dialect: new PGliteDialect(await openPostgres(home)) });
  return { db, kind: "embedded", pool: undefined, close: () => db.destroy() };
}

function folderOf(home: string): string {
  return join(home, "database");
}

/** The embedded PostgreSQL works in this thread: between two queries everything else gets its turn. */
class Embedded extends PGlite {
  constructor(folder?: string) {
    // Its own reading of bytes takes 40 ms for a sum of 10^5 elements, forty times as long.
    const bytes = (text: string) => new Uint8Array(Buffer.from(text.slice(2), "hex"));
    super({ ...(folder === undefined ? {} : { dataDir: folder }), parsers: { [types.BYTEA]: bytes } });
  }

  override async query<T>(query: string, params?: unknown[], options?: QueryOptions): Promise<Results<T>> {
    await turn();
    return super.query<T>(query, params, options);
  }
}

/** A new database is made beside its place and moved there whole: a start that is killed leaves nothing half-made. */
async function openPostgres(home: string | undefined): Promise<PGlite> {
  if (home === undefined) return new Embedded();
  const folder = folderOf(home);
  if (isNewDatabase({ home })) {
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    const postgres = new PGlite(partial);
    await postgres.waitReady;
    await postgres.close();
    await rename(partial, folder);
  }
  return new Embedded(folder);
}
