import type { SiteKeys } from "@fedbaps/core/wire/enrolment.js";
import { CoordinatorError } from "../errors.js";
import type { Database } from "./schema.js";

/** What a site had and has: both its keys are changed at once. */
export interface KeyChange {
  readonly site: string;
  readonly old: SiteKeys;
  readonly next: SiteKeys;
}

/**
 * Gives an approved site new keys, within a transaction. The old ones are kept, so that no site ever comes with them again.
 * The same change again changes nothing: an answer that was lost on the way can be asked for again.
 * @param now milliseconds since the epoch. @returns whether anything was changed. @throws CoordinatorError CONFLICT
 */
export async function renewKeys(transaction: Database, { site, old, next }: KeyChange, now: number): Promise<boolean> {
  const refuse = (why: string) => new CoordinatorError("CONFLICT", why, { site });
  const row = await transaction.selectFrom("sites").selectAll().where("name", "=", site).forUpdate().executeTakeFirst();
  if (row === undefined) throw refuse(`there is no site ${site}`);
  if (row.sign_key === next.signKey && row.box_key === next.boxKey) {
    if (await wasReplaced(transaction, site, old)) return false;
    throw refuse(`site ${site} has these keys, but did not get them in the place of those that are named as old`);
  }
  if (row.sign_key !== old.signKey || row.box_key !== old.boxKey)
    throw refuse(`the keys that are named as old are not those of site ${site} now`);
  if (row.status !== "approved")
    throw refuse(`site ${site} is ${row.status}: only an approved site can renew its keys`);
  await requireNewKeys(transaction, site, next);
  await transaction
    .insertInto("site_keys")
    .values({
      sign_key: old.signKey,
      box_key: old.boxKey,
      site,
      since: Number(row.keys_since ?? row.created_at),
      until: now,
    })
    .execute();
  await transaction
    .updateTable("sites")
    .set({ sign_key: next.signKey, box_key: next.boxKey, keys_since: now })
    .where("name", "=", site)
    .execute();
  return true;
}

/**
 * A key counts for one site, one purpose and one time: no sum is made over a cohort in which two keys are the same, and a
 * key that was given up, perhaps because others know it, does not come back.
 * @throws CoordinatorError CONFLICT
 */
export async function requireNewKeys(
  transaction: Database,
  site: string,
  { signKey, boxKey }: SiteKeys,
): Promise<void> {
  const keys = [signKey, boxKey];
  if (signKey === boxKey)
    throw new CoordinatorError("CONFLICT", "the two keys of the site are the same; make new ones", { site });
  for (const table of ["sites", "site_keys"] as const) {
    const known = await transaction
      .selectFrom(table)
      .select("sign_key")
      .where((where) => where.or([where("sign_key", "in", keys), where("box_key", "in", keys)]))
      .executeTakeFirst();
    if (known !== undefined)
      throw new CoordinatorError("CONFLICT", "one of these keys is, or was, a site's already; make new ones", { site });
  }
}

async function wasReplaced(transaction: Database, site: string, { signKey, boxKey }: SiteKeys): Promise<boolean> {
  const newest = await transaction
    .selectFrom("site_keys")
    .select(["sign_key", "box_key"])
    .where("site", "=", site)
    .orderBy("until", "desc")
    .limit(1)
    .executeTakeFirst();
  return newest?.sign_key === signKey && newest.box_key === boxKey;
}
