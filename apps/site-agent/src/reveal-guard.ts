import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { AgentError } from "./errors.js";
import type { RecordOf } from "./study-records.js";

/**
 * What a site refuses once it has revealed shares for a round. An attempt that fails after that may have given the
 * coordinator its sum; a second sum over the same updates with one site fewer would betray that site by the difference.
 * So a later attempt at the round must be over the same survivors, or, once, over a set that differs from the first by
 * `least` sites or more: two sums then tell nothing about fewer sites than one sum may.
 * @param revealed what the journal holds of this round. @param least the site's own floor for a cohort.
 * @throws AgentError REVEAL_CONFLICT
 */
export function guardReveal(
  revealed: readonly RecordOf<"revealed">[],
  reference: RoundReference,
  survivors: readonly string[],
  least: number,
): void {
  const sets = distinct(revealed.filter(({ round }) => round === reference.round).map((entry) => entry.survivors));
  if (sets.length === 0 || sets.some((set) => sameSet(set, survivors))) return;
  const [first] = sets;
  const difference = [...first, ...survivors].filter((site) => first.includes(site) !== survivors.includes(site));
  if (sets.length === 1 && difference.length >= least) return;
  throw new AgentError(
    "REVEAL_CONFLICT",
    `round ${reference.round}: this site has revealed shares for a sum over ${first.join(", ")}; a second sum that differs by ` +
      `${difference.join(", ")} would betray what they contributed. It takes part again when the same sites are back`,
    { ...reference },
  );
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((site) => b.includes(site));
}

function distinct(sets: readonly (readonly string[])[]): (readonly string[])[] {
  return sets.filter((set, i) => sets.findIndex((other) => sameSet(set, other)) === i);
}
