import { canonicalJson } from "@fedbaps/core/common/hash.js";
import type { DropOut, RoundPhase } from "@fedbaps/core/federation/round-state.js";
import type { HistoryPage } from "@fedbaps/core/wire/messages.js";
import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { sql } from "kysely";
import { z } from "zod";
import { CoordinatorError } from "../errors.js";
import { RecentSums } from "./recent-sums.js";
import type { Database } from "./schema.js";

const namesSchema = z.array(z.string());
const dropOutsSchema = z.array(z.object({ site: z.string(), phase: z.string(), code: z.string(), at: z.number() }));
const metricsSchema = z.record(z.string(), z.number());

export type RoundMetrics = z.infer<typeof metricsSchema>;

const seenSchema = z.array(
  z.object({
    site: z.string(),
    bytes: z.number(),
    /** SHA-256 of the whole input. */
    sha256: z.string(),
    /** Its first bytes, base64. */
    head: z.string(),
  }),
);
/** What the coordinator saw of each site's input to a sum: masked, and so as good as random. */
export type SeenInputs = z.infer<typeof seenSchema>;

/** What a site said of itself when it had trained for a round. */
export interface SiteRound {
  round: number;
  site: string;
  /** Black-box queries in the study so far. */
  queries: number;
  valDice: number | null;
  zeroShotValDice: number | null;
}

/** One attempt at one round, as stored. The sum is not in it: see `history`. */
export interface RoundRow {
  round: number;
  attempt: number;
  phase: RoundPhase;
  startedAt: number;
  endedAt: number | null;
  code: string | null;
  /** Who took part, frozen when the keys were asked for. */
  cohort: string[] | null;
  /** Who is in the sum. */
  survivors: string[] | null;
  dropOuts: z.infer<typeof dropOutsSchema>;
  metrics: RoundMetrics | null;
}

const ENDED: readonly RoundPhase[] = ["completed", "aborted"];
const SUMMARY = [
  "round",
  "attempt",
  "phase",
  "started_at",
  "ended_at",
  "code",
  "cohort",
  "survivors",
  "drop_outs",
  "metrics",
] as const;

/** Rounds with their attempts, and the sums of the completed ones. */
export class RoundRepository {
  readonly #recent = new RecentSums();

  constructor(private readonly db: Database) {}

  async list(study: string): Promise<RoundRow[]> {
    const rows = await this.db
      .selectFrom("rounds")
      .select(SUMMARY)
      .where("study", "=", study)
      .orderBy("round")
      .orderBy("attempt")
      .execute();
    return rows.map((row) => ({
      round: row.round,
      attempt: row.attempt,
      phase: row.phase as RoundPhase,
      startedAt: Number(row.started_at),
      endedAt: row.ended_at === null ? null : Number(row.ended_at),
      code: row.code,
      cohort: row.cohort === null ? null : namesSchema.parse(JSON.parse(row.cohort)),
      survivors: row.survivors === null ? null : namesSchema.parse(JSON.parse(row.survivors)),
      dropOuts: row.drop_outs === null ? [] : dropOutsSchema.parse(JSON.parse(row.drop_outs)),
      metrics: row.metrics === null ? null : metricsSchema.parse(JSON.parse(row.metrics)),
    }));
  }

  async begin({ study, round, attempt }: RoundReference, now: number): Promise<void> {
    await this.db
      .insertInto("rounds")
      .values({ study, round, attempt, phase: "recruiting", started_at: now })
      .execute();
  }

  async move(
    { study, round, attempt }: RoundReference,
    change: { phase: RoundPhase; cohort: string[] | null; dropOuts: DropOut[]; code?: string; endedAt?: number },
  ): Promise<void> {
    await this.db
      .updateTable("rounds")
      .set({
        phase: change.phase,
        cohort: change.cohort === null ? null : canonicalJson(change.cohort),
        drop_outs: canonicalJson(change.dropOuts),
        code: change.code ?? null,
        ended_at: change.endedAt ?? null,
      })
      .where("study", "=", study)
      .where("round", "=", round)
      .where("attempt", "=", attempt)
      .execute();
  }

  /** The sum, the round's end and the study's new version: to be called in one transaction. */
  async complete(
    { study, round, attempt }: RoundReference,
    result: {
      cohort: string[];
      survivors: string[];
      dropOuts: DropOut[];
      metrics: RoundMetrics | null;
      sum: Uint8Array;
      seal: string | null;
      seen?: SeenInputs;
      endedAt: number;
    },
  ): Promise<void> {
    await this.db
      .updateTable("rounds")
      .set({
        phase: "completed",
        ended_at: result.endedAt,
        cohort: canonicalJson(result.cohort),
        survivors: canonicalJson(result.survivors),
        drop_outs: canonicalJson(result.dropOuts),
        metrics: result.metrics === null ? null : canonicalJson(result.metrics),
        sum: result.sum,
        seal: result.seal,
        seen: canonicalJson(result.seen ?? []),
      })
      .where("study", "=", study)
      .where("round", "=", round)
      .where("attempt", "=", attempt)
      .execute();
    await this.db.updateTable("studies").set({ version: round }).where("name", "=", study).execute();
  }

  /**
   * Takes back a completed round whose sum no site can apply: it is attempted again. The sum is dropped. To be called in
   * one transaction.
   */
  async takeBack(study: string, round: number, code: string): Promise<void> {
    await this.db
      .updateTable("rounds")
      .set({ phase: "aborted", code, sum: null, seal: null, metrics: null, seen: null })
      .where("study", "=", study)
      .where("round", "=", round)
      .where("phase", "=", "completed")
      .execute();
    await this.db
      .updateTable("studies")
      .set({ version: round - 1 })
      .where("name", "=", study)
      .execute();
  }

  /** Closes what a stopped coordinator left open. @returns which attempt that was */
  async abortOpen(study: string, code: string, now: number): Promise<{ round: number; attempt: number }[]> {
    return this.db
      .updateTable("rounds")
      .set({ phase: "aborted", code, ended_at: now })
      .where("study", "=", study)
      .where("phase", "not in", ENDED)
      .returning(["round", "attempt"])
      .execute();
  }

  /** Keeps what the sites said of themselves when they had trained. */
  async saveSiteRounds(study: string, sites: readonly SiteRound[]): Promise<void> {
    if (sites.length === 0) return;
    await this.db
      .insertInto("site_rounds")
      .values(
        sites.map(({ round, site, queries, valDice, zeroShotValDice }) => ({
          study,
          round,
          site,
          queries,
          val_dice: valDice,
          zero_shot_val_dice: zeroShotValDice,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(["study", "round", "site"]).doUpdateSet((set) => ({
          queries: set.ref("excluded.queries"),
          val_dice: set.ref("excluded.val_dice"),
          zero_shot_val_dice: set.ref("excluded.zero_shot_val_dice"),
        })),
      )
      .execute();
  }

  /** What the sites said of themselves, round by round. */
  async siteRounds(study: string): Promise<SiteRound[]> {
    const rows = await this.db
      .selectFrom("site_rounds")
      .selectAll()
      .where("study", "=", study)
      .orderBy("round")
      .orderBy("site")
      .execute();
    return rows.map((row) => ({
      round: row.round,
      site: row.site,
      queries: Number(row.queries),
      valDice: row.val_dice,
      zeroShotValDice: row.zero_shot_val_dice,
    }));
  }

  /** What the coordinator saw of the newest completed round: the inputs as they came, and the sum as it is kept. */
  async seen(study: string): Promise<
    | {
        round: number;
        attempt: number;
        at: number;
        sealed: boolean;
        inputs: SeenInputs;
        sum: Uint8Array;
      }
    | undefined
  > {
    const row = await this.db
      .selectFrom("rounds")
      .select(["round", "attempt", "ended_at", "seal", "seen", "sum"])
      .where("study", "=", study)
      .where("phase", "=", "completed")
      .orderBy("round", "desc")
      .limit(1)
      .executeTakeFirst();
    if (row?.sum == null) return undefined;
    return {
      round: row.round,
      attempt: row.attempt,
      at: Number(row.ended_at),
      sealed: row.seal !== null,
      inputs: row.seen === null ? [] : seenSchema.parse(JSON.parse(row.seen)),
      sum: new Uint8Array(row.sum),
    };
  }

  /** The sums of the completed rounds after `after`, in order, at most `maxBytes` of them but at least one. */
  async history(study: string, after: number, maxBytes: number): Promise<Omit<HistoryPage, "epochs">> {
    const rows = await this.db
      .selectFrom("rounds")
      .select(["round", "attempt", "cohort", "survivors", "seal", sql<number>`octet_length(sum)`.as("bytes")])
      .where("study", "=", study)
      .where("phase", "=", "completed")
      .where("round", ">", after)
      .orderBy("round")
      .execute();
    let count = 0;
    for (let bytes = 0; count < rows.length; count++) {
      bytes += rows[count].bytes;
      if (bytes > maxBytes && count > 0) break;
    }
    const sums = await Promise.all(
      rows.slice(0, count).map(async ({ round, attempt, survivors, cohort, seal, bytes }) => ({
        round,
        attempt,
        survivors: namesSchema.parse(JSON.parse(survivors!)),
        cohortSize: namesSchema.parse(JSON.parse(cohort!)).length,
        seal,
        sum: await this.#recent.get(study, round, attempt, bytes, () => this.#sum(study, round, attempt)),
      })),
    );
    return { sums, more: count < rows.length };
  }

  async #sum(study: string, round: number, attempt: number): Promise<Uint8Array<ArrayBuffer>> {
    const { sum } = await this.db
      .selectFrom("rounds")
      .select("sum")
      .where("study", "=", study)
      .where("round", "=", round)
      .where("attempt", "=", attempt)
      .executeTakeFirstOrThrow();
    // It was taken back between two looks: whoever asks will ask again.
    if (sum === null) throw new CoordinatorError("NOT_DRIVEN", `the sum of round ${round} of ${study} was taken back`);
    return new Uint8Array(sum);
  }
}
