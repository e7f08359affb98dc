import { AgentError } from "./errors.js";
import { checkPolicy, refusal } from "./policy.js";
import type { RoundRunnerInit } from "./round-runner-init.js";

/** Whether this site takes part in a study: by its approval and its policy, as they are at this moment. */
export class RoundPermission {
  constructor(private readonly init: Pick<RoundRunnerInit, "site" | "offer" | "policy" | "approved">) {}

  get granted(): boolean {
    return this.init.approved();
  }

  /** @param hash of the text that the coordinator runs @throws AgentError POLICY_REFUSED, NOT_APPROVED */
  check(hash: string): void {
    const { offer, policy, site } = this.init;
    checkPolicy(offer.spec, policy.rules, site);
    if (hash !== offer.hash || !this.granted) throw this.denied();
  }

  /** Why not. The policy may have become stricter: then its line is the reason. */
  denied(): AgentError {
    const { offer, policy, site } = this.init;
    return (
      refusal(offer.spec, policy.rules, site) ??
      new AgentError("NOT_APPROVED", `${offer.spec.name} is not approved here, as the coordinator runs it now`)
    );
  }
}
