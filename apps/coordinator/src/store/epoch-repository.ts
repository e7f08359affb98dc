import { canonicalJson } from "@fedbaps/core/common/hash.js";
import { epochShareFor } from "@fedbaps/core/secagg/epoch.js";
import { type EpochDeal, type EpochShare, epochDealSchema } from "@fedbaps/core/wire/epoch.js";
import type { Database } from "./schema.js";

/** The boxed keys to sealed sums, one deal for each study and roster. They are opened at the sites only. */
export class EpochRepository {
  /** Deals as they were read last, by their texts: every site of a study asks for the same. */
  #deals = new Map<string, EpochDeal>();

  constructor(private readonly db: Database) {}

  async find(study: string, rosterHash: string): Promise<EpochDeal | undefined> {
    const row = await this.db
      .selectFrom("epochs")
      .select("deal")
      .where("study", "=", study)
      .where("roster_hash", "=", rosterHash)
      .executeTakeFirst();
    return row && epochDealSchema.parse(JSON.parse(row.deal));
  }

  /** Keeps the first deal. @returns the one that is kept. */
  async keep(study: string, deal: EpochDeal, now: number): Promise<EpochDeal> {
    await this.db
      .insertInto("epochs")
      .values({ study, roster_hash: deal.rosterHash, deal: canonicalJson(deal), created_at: now })
      .onConflict((conflict) => conflict.columns(["study", "roster_hash"]).doNothing())
      .execute();
    return (await this.find(study, deal.rosterHash)) as EpochDeal;
  }

  /** A site's boxes of all keys of a study. */
  async sharesFor(study: string, site: string): Promise<EpochShare[]> {
    const rows = await this.db
      .selectFrom("epochs")
      .select("deal")
      .where("study", "=", study)
      .orderBy("created_at")
      .execute();
    this.#deals = new Map(
      rows.map(({ deal }) => [deal, this.#deals.get(deal) ?? epochDealSchema.parse(JSON.parse(deal))]),
    );
    return [...this.#deals.values()].flatMap((deal) => epochShareFor(deal, site) ?? []);
  }
}
