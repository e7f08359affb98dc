import { randomBytes } from "node:crypto";
import { type OpenDatabase, openDatabase } from "@fedbaps/coordinator/store/database.js";
import pg from "pg";

/** A PostgreSQL on which the tests of the coordinator run too, where it is named: each on a database of its own. */
const SERVER = process.env.FEDBAPS_TEST_DATABASE_URL;

/** A new database: in memory, or on the PostgreSQL that FEDBAPS_TEST_DATABASE_URL names, which `close` drops. */
export async function openTestDatabase(): Promise<OpenDatabase> {
  const made = await newDatabaseUrl();
  if (made === undefined) return openDatabase({ home: undefined });
  const opened = await openDatabase({ home: undefined, url: made.url });
  return { ...opened, close: () => opened.close().then(made.drop) };
}

/** A new, empty database on the tests' PostgreSQL; undefined where none is named. */
export async function newDatabaseUrl(): Promise<{ url: string; drop(): Promise<void> } | undefined> {
  if (SERVER === undefined) return undefined;
  const name = `fedbaps_test_${randomBytes(6).toString("hex")}`;
  await ask(SERVER, `create database ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => ask(SERVER, `drop database if exists ${name} with (force)`) };
}

/** Ends every connection to a database from the server's side, as a restart of the server does. */
export async function dropConnections(url: string): Promise<void> {
  const others = "datname = current_database() and pid <> pg_backend_pid()";
  await ask(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
