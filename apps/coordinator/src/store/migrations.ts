import { type Migration, Migrator } from "kysely";
import { CoordinatorError } from "../errors.js";
import { first } from "./migrations/0001-first.js";
import { reportFailures } from "./migrations/0002-report-failures.js";
import { rostersAndSeals } from "./migrations/0003-rosters-and-seals.js";
import { replicasAndLeases } from "./migrations/0004-replicas-and-leases.js";
import { tokensAndSessions } from "./migrations/0005-tokens-and-sessions.js";
import { auditLog } from "./migrations/0006-audit.js";
import { siteKeys } from "./migrations/0007-site-keys.js";
import type { Database } from "./schema.js";

/** Forward only: a migration that has shipped is never changed, a mistake in it is mended by a later one. */
const migrations: Record<string, Migration> = {
  "0001-first": first,
  "0002-report-failures": reportFailures,
  "0003-rosters-and-seals": rostersAndSeals,
  "0004-replicas-and-leases": replicasAndLeases,
  "0005-tokens-and-sessions": tokensAndSessions,
  "0006-audit": auditLog,
  "0007-site-keys": siteKeys,
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
