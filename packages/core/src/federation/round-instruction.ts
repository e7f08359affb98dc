import type { Instruction } from "../wire/messages.js";
import type { RoundInit, RoundState } from "./round-state.js";

/** What a site that owes an answer in this state is asked; undefined once the round is over. */
export function instructionOf(state: RoundState, init: RoundInit, site: string): Instruction | undefined {
  const { reference, studyHash, version } = init;
  switch (state.phase) {
    case "recruiting":
      return { phase: "recruiting", reference, studyHash };
    case "training":
      return { phase: "training", reference, studyHash, version };
    case "advertiseKeys":
      return { phase: "advertiseKeys", cohort: state.cohort };
    case "shareKeys":
      return { phase: "shareKeys", reference, advertisements: state.advertisements };
    case "maskedInput":
      return { phase: "maskedInput", reference, shares: state.server.sharesFor(site) };
    case "consistency":
      return { phase: "consistency", reference, survivors: state.survivors };
    case "unmask":
      return { phase: "unmask", reference, request: state.request };
    default:
      return undefined;
  }
}
