import { type Identity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { Home } from "./home.js";
import type { PolicySource } from "./policy/live-policy.js";
import { acceptedRoster, checkOffered, saveAcceptedRoster, saveOfferedRoster } from "./roster-files.js";

export interface AgentRosterInit {
  readonly home: Home;
  readonly identity: Identity;
  readonly policy: PolicySource;
  readonly now: () => number;
  say(line: string): void;
}

/** The roster that the coordinator offers, and the one that this site accepted. */
export class AgentRoster {
  /** Of the roster that was accepted when it was looked for last. */
  #hash: string | undefined;

  constructor(private readonly init: AgentRosterInit) {}

  /**
   * Kept for the person to look at; nothing is accepted by itself unless the policy says so.
   * @throws SecAggError, AgentError ROSTER_WRONG for one that must not be accepted
   */
  async offered(signed: SignedRoster | null): Promise<void> {
    const { home, identity, policy, now, say } = this.init;
    await saveOfferedRoster(home, signed);
    const accepted = await acceptedRoster(home);
    this.#hash = accepted && rosterHash(accepted);
    if (!signed || rosterHash(signed.roster) === this.#hash) return;
    const { version } = signed.roster;
    if (policy.rules.requirePinnedRoster)
      return say(`version ${version} of the roster waits for your decision: fedbaps-site roster show`);
    checkOffered(signed, accepted, memberOf(identity));
    await saveAcceptedRoster(home, signed, new Date(now()).toISOString());
    this.#hash = rosterHash(signed.roster);
    say(`version ${version} of the roster is accepted by itself (policy.yaml: requirePinnedRoster: false)`);
  }

  /** Whether another has been accepted since the last look. */
  async changed(): Promise<boolean> {
    const accepted = await acceptedRoster(this.init.home);
    const hash = accepted && rosterHash(accepted);
    if (hash === this.#hash) return false;
    this.#hash = hash;
    return true;
  }
}
