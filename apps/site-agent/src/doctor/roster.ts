import { messageOf } from "@fedbaps/core/common/errors.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { Home } from "../home.js";
import { loadPublic } from "../identity.js";
import { acceptedRoster, checkOffered, offeredRoster } from "../roster-files.js";
import { type Finding, ok, warning } from "./check.js";
import { initialised, NO_HOME } from "./home.js";

/** @param newest as the coordinator has just given it; else what it gave last. */
export async function rosterFinding(home: Home, newest: SignedRoster | undefined): Promise<Finding> {
  if (!(await initialised(home))) return warning(NO_HOME);
  const accepted = await acceptedRoster(home);
  const offered = newest ?? (await offeredRoster(home));
  const own = (await loadPublic(home)).member;
  if (offered && (!accepted || rosterHash(offered.roster) !== rosterHash(accepted))) {
    try {
      checkOffered(offered, accepted, own);
    } catch (error) {
      return warning(`version ${offered.roster.version} of the roster cannot be accepted here`, messageOf(error));
    }
    return warning(
      `version ${offered.roster.version} of the roster waits for your decision`,
      "fedbaps-site roster show, then roster accept",
    );
  }
  if (!accepted) return warning("none accepted yet", "once the study lead has signed one: fedbaps-site roster show");
  return ok(`version ${accepted.version} accepted, ${accepted.members.length} sites`);
}
