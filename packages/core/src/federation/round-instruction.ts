import type { Instruction } from "../wire/messages.js";
import type { RoundInit, RoundState } from "./round-state.js";

/** What a site that owes an answer in this state is asked; undefined once the round is over. */
export function instructionOf(state: RoundState, init: RoundInit, site: string): Instruction | undefined {
  const { reference, studyHash, rosterHash, version } = init;
  switch (state.phase) {
    case "recruiting":
      return { phase: "recruiting", reference, studyHash, rosterHash, makeEpoch: lacksSealKey(init) };
    case "training":
      return { phase: "training", reference, studyHash, version };
    case "advertiseKeys":
      return { phase: "advertiseKeys", cohort: state.cohort, epoch: init.epochShare?.(site) ?? null };
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

/** Whether a sealed study has no key yet for its sum. */
export function lacksSealKey({ study, sealKey }: RoundInit): boolean {
  return study.sealed && sealKey?.() === undefined;
}
