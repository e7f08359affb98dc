import { canonicalJson, sha256Hex } from "../common/hash.js";
import type { Reply, ReplyPhase } from "../wire/messages.js";
import type { RoundReference } from "../wire/secagg-messages.js";
import { PHASES, RoundError, type RoundPhase } from "./round-state.js";

/** @throws RoundError NOT_IN_ROUND, STALE or TOO_EARLY, unless the message belongs to this attempt. */
export function checkReference({ study, round, attempt }: RoundReference, current: RoundReference): void {
  if (study !== current.study) throw new RoundError("NOT_IN_ROUND", `the message belongs to study ${study}`);
  const order = round - current.round || attempt - current.attempt;
  if (order < 0) throw new RoundError("STALE", `round ${round}, attempt ${attempt} is over`);
  if (order > 0) throw new RoundError("TOO_EARLY", `round ${round}, attempt ${attempt} has not begun`);
}

/** @throws RoundError STALE or TOO_EARLY, unless the answer is to the open phase. */
export function checkPhase(answered: ReplyPhase, open: RoundPhase): void {
  const index = (PHASES as readonly string[]).indexOf(open);
  const order = index < 0 ? -1 : PHASES.indexOf(answered) - index;
  if (order < 0) throw new RoundError("STALE", `${answered} is over: the round is in ${open}`);
  if (order > 0) throw new RoundError("TOO_EARLY", `${answered} has not begun: the round is in ${open}`);
}

/** Equal for equal answers. Readiness and "trained" are the same said twice, whatever the figures beside them. */
export function digestOf(reply: Reply): string {
  if (reply.phase === "recruiting" || reply.phase === "training") return reply.phase;
  return reply.phase === "maskedInput" ? sha256Hex(reply.vector) : sha256Hex(canonicalJson(reply));
}

/** What no check foresaw in an answer is the answer's fault too: it must not stop the round of the others. */
export function refused(site: string, cause: unknown): RoundError {
  return new RoundError("REFUSED", `the answer of ${site} cannot be used`, { site }, { cause });
}
