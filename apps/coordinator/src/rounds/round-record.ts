import type { Round } from "@fedbaps/core/federation/round.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { RoundMetrics, RoundRepository } from "../store/round-repository.js";

/** Stores the state that a round is in. @param metrics what a completed round's sum says of its cohort */
export async function recordRound(
  rounds: RoundRepository,
  { state, reference, dropOuts }: Round,
  metrics: RoundMetrics,
  now: number,
): Promise<void> {
  const cohort = "cohort" in state && state.cohort ? state.cohort.members.map((member) => member.site) : null;
  if (state.phase === "completed") {
    const { survivors, sum } = state;
    await rounds.complete(reference, {
      cohort: cohort!,
      survivors,
      dropOuts,
      metrics,
      sum: encodeRing(sum),
      seal: state.cohort.seal,
      endedAt: now,
    });
  } else if (state.phase === "aborted")
    await rounds.move(reference, { phase: "aborted", cohort, dropOuts, code: state.code, endedAt: now });
  else await rounds.move(reference, { phase: state.phase, cohort, dropOuts });
}
