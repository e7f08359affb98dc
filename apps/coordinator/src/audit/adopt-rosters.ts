import { signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import type { Database } from "../store/schema.js";
import type { AuditLog } from "./audit-log.js";
import { rosterSignedDetails } from "./evidence.js";

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
      const details = rosterSignedDetails(signedRosterSchema.parse(JSON.parse(signed)));
      await audit.record({ actor: "lead", action: "roster.signed", details }, transaction);
    }
    return rows.length;
  });
  if (adopted > 0) audit.announce();
}
