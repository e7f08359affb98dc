import { checkRoster } from "@fedbaps/core/secagg/roster.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import type { Database } from "../store/schema.js";
import type { AuditLog } from "./audit-log.js";
import { rosterSignedDetails } from "./evidence.js";

const FIRST_WITH_ROSTERS = 2;

/**
 * Tells the log of the rosters that were signed before there was a log: the receipts of later rounds are checked against
 * them. Does nothing where the log knows of a roster.
 * @param db not a transaction
 */
export async function adoptRosters(audit: AuditLog, db: Database): Promise<void> {
  const adopted = await db.transaction().execute(async (transaction) => {
    // Taken by every process that starts: only one of them finds none.
    await audit.lock(transaction);
    const known = await transaction
      .selectFrom("audit")
      .select("seq")
      .where("action", "=", "roster.signed")
      .limit(1)
      .executeTakeFirst();
    if (known !== undefined) return 0;
    const rows = await transaction.selectFrom("rosters").select("signed").orderBy("version").execute();
    for (const { signed } of rows) {
      const roster = signedRosterSchema.parse(JSON.parse(signed));
      const details = rosterSignedDetails(roster, protocolOf(roster));
      await audit.record({ actor: "lead", action: "roster.signed", details }, transaction);
    }
    return rows.length;
  });
  if (adopted > 0) audit.announce();
}

/** The version of the protocol under which a roster was signed: the newest that fits. */
function protocolOf(signed: SignedRoster): number {
  for (let version: number = PROTOCOL_VERSION; version >= FIRST_WITH_ROSTERS; version--)
    try {
      checkRoster(signed, version);
      return version;
    } catch {
      // Perhaps it is an older one.
    }
  return PROTOCOL_VERSION;
}
