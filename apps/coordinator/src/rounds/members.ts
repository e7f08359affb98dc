import type { Member } from "@fedbaps/core/wire/secagg-messages.js";

/** Who is not among the members any more, and who is new. A site with other keys than before is both. */
export function membersDiffer(
  before: readonly Member[],
  now: readonly Member[],
): { gone: readonly Member[]; come: readonly Member[] } {
  const known = new Set(before.map(keyOf));
  const present = new Set(now.map(keyOf));
  return {
    gone: before.filter((member) => !present.has(keyOf(member))),
    come: now.filter((member) => !known.has(keyOf(member))),
  };
}

function keyOf({ site, signKey, boxKey }: Member): string {
  return `${site} ${signKey} ${boxKey}`;
}
