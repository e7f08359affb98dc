import type { RoundInit } from "@fedbaps/core/federation/round-state.js";
import { checkDeal, epochShareFor } from "@fedbaps/core/secagg/epoch.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import type { EpochDeal } from "@fedbaps/core/wire/epoch.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import type { StudyRow } from "../store/study-repository.js";
import type { DriverComponents } from "./components.js";

type Stores = Pick<DriverComponents, "rosters" | "epochs">;

/** What a round is made under: the roster, and the boxed key that seals its sum. */
export class RoundTerms {
  readonly #hash: string;
  #epoch: EpochDeal | undefined;

  private constructor(
    private readonly study: StudyRow,
    private readonly roster: Roster,
  ) {
    this.#hash = rosterHash(roster);
  }

  /** The newest roster and its key, as stored; undefined while there is no roster. */
  static async load(stores: Stores, study: StudyRow): Promise<RoundTerms | undefined> {
    const signed = await stores.rosters.current();
    if (signed === undefined) return undefined;
    const terms = new RoundTerms(study, signed.roster);
    terms.#epoch = await stores.epochs.find(study.name, terms.#hash);
    return terms;
  }

  /** Of the roster. */
  get rosterHash(): string {
    return this.#hash;
  }

  /** For the round that is made under these terms; a key that comes later counts from then on. */
  get init(): Pick<RoundInit, "rosterHash" | "sealKey" | "epochShare"> {
    return {
      rosterHash: this.#hash,
      sealKey: () => this.#epoch?.keyId,
      epochShare: (site) => this.#epoch && epochShareFor(this.#epoch, site),
    };
  }

  /** Whether the roster has the site with the keys that it enrolled with: else no site would make a sum with it. */
  admits({ site, signKey, boxKey }: Member): boolean {
    const { members } = this.roster;
    return members.some((member) => member.site === site && member.signKey === signKey && member.boxKey === boxKey);
  }

  /**
   * The first key that a site deals is the study's under this roster: in SQL before anybody hears of it.
   * @param keep stores a deal unless there is one, and gives the one that is stored.
   * @throws SecAggError for a deal that is not what it should be.
   */
  async take(deal: EpochDeal, keep: (deal: EpochDeal) => Promise<EpochDeal>): Promise<void> {
    const { hash, spec } = this.study;
    if (!spec.sealed || this.#epoch !== undefined) return;
    const sites = [...spec.participation.sites].sort();
    checkDeal(deal, { studyHash: hash, roster: this.roster, rosterHash: this.#hash, sites });
    this.#epoch = await keep(deal);
  }
}
