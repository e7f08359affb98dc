import { Round } from "@fedbaps/core/federation/round.js";
import type { Member, RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import type { StudyRow } from "../store/study-repository.js";
import type { RoundNotes } from "./round-notes.js";
import type { RoundTerms } from "./round-terms.js";
import { metricsOf, vectorLengthOf } from "./sum-metrics.js";

export interface MakeRound {
  readonly study: StudyRow;
  readonly terms: RoundTerms;
  /** Those that the roster does not name are left out: with them no site would make a sum. */
  readonly members: readonly Member[];
  readonly reference: RoundReference;
  /** Completed rounds before this one. */
  readonly version: number;
  /** Milliseconds that recruiting lasts at least. */
  readonly pause: number;
  readonly now: number;
  /** Is told what the sum says of its cohort. */
  readonly notes: RoundNotes;
}

/** A new attempt at a round of a study. */
export function makeRound({ study, terms, members, reference, version, pause, now, notes }: MakeRound): Round {
  const { spec, hash } = study;
  return new Round({
    reference,
    study: spec,
    studyHash: hash,
    ...terms.init,
    members: members.filter((member) => terms.admits(member)),
    version,
    vectorLength: vectorLengthOf(spec),
    now,
    checkSum: (sum, cohortSize, survivors) => {
      notes.metrics = metricsOf(spec, sum, cohortSize, survivors);
    },
    notBefore: now + pause,
  });
}
