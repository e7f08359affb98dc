import { canonicalJson } from "@fedbaps/core/common/hash.js";
import { checkRoster, checkSuccessor, rosterHash } from "@fedbaps/core/secagg/roster.js";
import { type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { CoordinatorError } from "../errors.js";
import type { Database } from "./schema.js";

/** The rosters that the study lead signed, all versions. The coordinator passes them on; it cannot make one. */
export class RosterRepository {
  /** The one that was read last: every site that connects is sent it. */
  #known: { readonly hash: string; readonly signed: SignedRoster } | undefined;

  constructor(private readonly db: Database) {}

  /** The newest version. */
  async current(): Promise<SignedRoster | undefined> {
    const newest = this.db.selectFrom("rosters").orderBy("version", "desc").limit(1);
    const hash = (await newest.select("hash").executeTakeFirst())?.hash;
    if (hash === undefined) return undefined;
    if (hash === this.#known?.hash) return this.#known.signed;
    const { signed } = await this.db
      .selectFrom("rosters")
      .select("signed")
      .where("hash", "=", hash)
      .executeTakeFirstOrThrow();
    this.#known = { hash, signed: signedRosterSchema.parse(JSON.parse(signed)) };
    return this.#known.signed;
  }

  /**
   * Adds the next version. The same again changes nothing.
   * @throws SecAggError BAD_SIGNATURE, BAD_ROSTER; CoordinatorError CONFLICT for one that does not follow the newest.
   */
  async add(signed: SignedRoster, now: number): Promise<void> {
    checkRoster(signed);
    const { roster } = signed;
    const before = await this.current();
    if (before && rosterHash(before.roster) === rosterHash(roster)) return;
    if (before) checkSuccessor(roster, before.roster);
    const expected = (before?.roster.version ?? 0) + 1;
    if (roster.version !== expected)
      throw new CoordinatorError(
        "CONFLICT",
        `the next roster is version ${expected}, not ${roster.version}: sign it anew`,
      );
    await this.db
      .insertInto("rosters")
      .values({ version: roster.version, hash: rosterHash(roster), signed: canonicalJson(signed), created_at: now })
      .execute();
  }
}
