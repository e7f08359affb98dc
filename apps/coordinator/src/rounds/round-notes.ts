import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Reply } from "@fedbaps/core/wire/messages.js";
import type { RoundMetrics, SeenInputs, SiteRound } from "../store/round-repository.js";
import type { RoundFigures } from "./round-record.js";

/** How much of each masked input is kept to be looked at. */
const SEEN_BYTES = 48;

/** What an attempt leaves behind for the people who watch, beside its result. */
export class RoundNotes {
  /** What the sum that was opened last says of its cohort. */
  metrics: RoundMetrics = {};
  #seen: SeenInputs = [];
  readonly #sites = new Map<string, SiteRound>();

  /** A new attempt begins. */
  clear(): void {
    this.metrics = {};
    this.#seen = [];
    this.#sites.clear();
  }

  /** Takes note of an answer that the round has accepted. */
  take(site: string, reply: Reply): void {
    if (reply.phase === "training") {
      const { queries, dice, reference } = reply;
      const { valDice = null, zeroShotValDice = null } = dice ?? {};
      this.#sites.set(site, { round: reference.round, site, queries, valDice, zeroShotValDice });
    } else if (reply.phase === "maskedInput" && !this.#seen.some((seen) => seen.site === site)) {
      const { vector } = reply;
      const head = toBase64(vector.subarray(0, SEEN_BYTES));
      this.#seen = [...this.#seen, { site, bytes: vector.length, sha256: sha256Hex(vector), head }];
    }
  }

  /** To be stored with the round's next state. */
  figures(): RoundFigures {
    const siteRounds = [...this.#sites.values()];
    this.#sites.clear();
    return { metrics: this.metrics, seen: this.#seen, siteRounds };
  }
}
