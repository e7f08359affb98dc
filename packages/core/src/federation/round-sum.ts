import { defaultThreshold } from "../secagg/cohort.js";
import { SecAggServer } from "../secagg/server.js";
import { decodeRing } from "../wire/codec.js";
import type { Reply } from "../wire/messages.js";
import type { Cohort, Member } from "../wire/secagg-messages.js";
import { RoundError, type RoundInit, type RoundState, type SumState } from "./round-state.js";

type SumReply = Exclude<Reply, { phase: "recruiting" | "training" }>;

/** Hands a site's answer to the secure sum. @throws FedBapsError when it is refused. */
export function takeSumReply({ server, cohort }: SumState, site: string, reply: SumReply): void {
  switch (reply.phase) {
    case "advertiseKeys":
      checkSender(site, reply.advertisement.site);
      server.receiveAdvertisement(reply.advertisement);
      break;
    case "shareKeys":
      for (const share of reply.shares) checkSender(site, share.from);
      server.receiveShares(site, reply.shares);
      break;
    case "maskedInput":
      server.receiveMaskedInput(site, decodeRing(reply.vector, cohort.length));
      break;
    case "consistency":
      checkSender(site, reply.signature.site);
      server.receiveConfirmation(reply.signature);
      break;
    case "unmask":
      server.receiveRevealed(site, reply.shares);
      break;
  }
}

/** advertiseKeys, with the frozen cohort of a sum over the sites that trained. @throws SecAggError BAD_COHORT */
export function beginSum(init: RoundInit, members: Member[], required: number): RoundState {
  const cohort = freezeCohort(init, members, required);
  const server = init.createServer?.(cohort) ?? new SecAggServer({ cohort });
  return { phase: "advertiseKeys", cohort, server };
}

/**
 * advertiseKeys -> shareKeys -> maskedInput -> consistency -> unmask -> completed, one step.
 * @throws FedBapsError when too few have answered, or the sum cannot be right.
 */
export async function closePhase(state: SumState, checkSum: RoundInit["checkSum"]): Promise<RoundState> {
  const { cohort, server } = state;
  switch (state.phase) {
    case "advertiseKeys":
      return { phase: "shareKeys", cohort, server, advertisements: server.closeAdvertise() };
    case "shareKeys":
      server.closeShares();
      return { phase: "maskedInput", cohort, server };
    case "maskedInput":
      return { phase: "consistency", cohort, server, survivors: server.closeMaskedInput() };
    case "consistency":
      return { phase: "unmask", cohort, server, request: server.closeConfirmations() };
    case "unmask": {
      const { sum, survivors } = await server.finish();
      checkSum?.(sum, cohort.members.length, survivors);
      return { phase: "completed", cohort, sum, survivors, request: state.request };
    }
  }
}

/** How many sites must be left in this phase for the sum to come about. */
export function fewestLeft({ phase, cohort }: SumState): number {
  return phase === "consistency" || phase === "unmask" ? cohort.threshold : cohort.minSurvivors;
}

function freezeCohort(init: RoundInit, members: Member[], required: number): Cohort {
  const threshold = defaultThreshold(members.length);
  return {
    reference: init.reference,
    studyHash: init.studyHash,
    rosterHash: init.rosterHash,
    seal: (init.study.sealed && init.sealKey?.()) || null,
    members,
    threshold,
    minSurvivors: Math.max(threshold, required),
    length: init.vectorLength,
  };
}

function checkSender(sender: string, named: string): void {
  if (sender !== named) throw new RoundError("WRONG_SENDER", `${sender} sent a message in the name of ${named}`);
}
