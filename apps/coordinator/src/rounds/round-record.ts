import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Round } from "@fedbaps/core/federation/round.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { roundCompletedDetails } from "../audit/receipts.js";
import type { RoundMetrics, SeenInputs, SiteRound } from "../store/round-repository.js";
import type { WriteStores } from "./study-writer.js";

/** What is stored of a round beside its state. */
export interface RoundFigures {
  /** What a completed round's sum says of its cohort. */
  readonly metrics: RoundMetrics;
  readonly seen: SeenInputs;
  /** What the sites said of themselves when they had trained. */
  readonly siteRounds: readonly SiteRound[];
}

/** Stores the state that a round is in, and tells the audit log how it ended. */
export async function recordRound(
  { rounds, record }: WriteStores,
  { state, reference, dropOuts }: Round,
  { metrics, seen, siteRounds }: RoundFigures,
  now: number,
): Promise<void> {
  const { study, round, attempt } = reference;
  const cohort = "cohort" in state && state.cohort ? state.cohort.members.map((member) => member.site) : null;
  await rounds.saveSiteRounds(study, siteRounds);
  if (state.phase === "completed") {
    const { survivors, request } = state;
    const sum = encodeRing(state.sum);
    const { seal } = state.cohort;
    await rounds.complete(reference, { cohort: cohort!, survivors, dropOuts, metrics, sum, seal, seen, endedAt: now });
    const details = { cohort: state.cohort, survivors, dropOuts, request, sumSha256: sha256Hex(sum) };
    record({ action: "round.completed", details: roundCompletedDetails(details) });
  } else if (state.phase === "aborted") {
    const { code, during } = state;
    await rounds.move(reference, { phase: "aborted", cohort, dropOuts, code, endedAt: now });
    const lost = dropOuts.map(({ site, phase, code: why }) => ({ site, phase, code: why }));
    record({ action: "round.aborted", details: { round, attempt, code, phase: during, dropOuts: lost } });
  } else await rounds.move(reference, { phase: state.phase, cohort, dropOuts });
}
