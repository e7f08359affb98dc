import type { StudyOffer } from "@fedbaps/core/wire/messages.js";
import { type Decision, decisionOn } from "./approvals.js";
import type { PolicySource } from "./policy/live-policy.js";
import { objections } from "./policy.js";

/** The studies that are offered, what this site decided about them, and what its policy says. */
export class AgentStudies {
  offers: readonly StudyOffer[] = [];
  decisions: readonly Decision[] = [];
  #known: readonly string[] = [];

  constructor(
    private readonly policy: PolicySource,
    private readonly site: string,
  ) {}

  named(study: string): StudyOffer | undefined {
    return this.offers.find(({ spec }) => spec.name === study);
  }

  undecided(): StudyOffer[] {
    return this.offers.filter(({ hash }) => decisionOn(this.decisions, hash) === undefined);
  }

  /** The hashes that are approved and within the policy. */
  approved(): string[] {
    return this.#wanted()
      .filter((offer) => this.against(offer).length === 0)
      .map(({ hash }) => hash)
      .sort();
  }

  /** Approved, and against the policy as it is now: with the lines of the policy. */
  refused(): string[] {
    return this.#wanted().flatMap((offer) => {
      const against = this.against(offer);
      return against.length === 0 ? [] : [`the study ${offer.spec.name} is refused: ${against.join("; ")}`];
    });
  }

  against({ spec }: StudyOffer): string[] {
    return objections(spec, this.policy.rules, this.site);
  }

  /** Offers whose approval has come or gone since the last call, by a decision or by a changed policy. */
  turned(): { readonly offer: StudyOffer; readonly approved: boolean }[] {
    const before = this.#known;
    const now = this.approved();
    this.#known = now;
    return this.offers
      .filter(({ hash }) => before.includes(hash) !== now.includes(hash))
      .map((offer) => ({ offer, approved: now.includes(offer.hash) }));
  }

  #wanted(): StudyOffer[] {
    return this.offers.filter(({ hash }) => decisionOn(this.decisions, hash) === "approved");
  }
}
