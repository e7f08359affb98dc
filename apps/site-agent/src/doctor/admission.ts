import type { Clock } from "@fedbaps/core/common/clock.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import { adviceOn } from "../advice.js";
import type { AgentState } from "../agent-state.js";
import { Connection } from "../connection.js";
import type { Route } from "../coordinator-route.js";
import type { Home } from "../home.js";
import { loadIdentity } from "../identity.js";
import { lockHome } from "../lock.js";
import { fileLogger } from "../log.js";
import type { Membership } from "../membership.js";
import { type Finding, failed, ok } from "./check.js";

/** What the process that holds the home says of its link. */
export function reported(
  state: AgentState | undefined,
  { pid, command }: { readonly pid: number; readonly command: string },
): Finding {
  if (state?.pid !== pid) return ok(`not tried, as "${command}" is at work: fedbaps-site status says what it does`);
  const { link } = state;
  if (link.state === "admitted") return ok(`the agent is connected since ${link.since}`);
  const why = link.code === undefined ? "" : `: ${adviceOn(link.code)}`;
  return failed(`the agent is not connected since ${link.since}${why}`);
}

export interface KnockInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly membership: Membership;
  readonly route: Route;
}

/** Connects as the agent does, and leaves again. */
export async function knock(
  { home, membership, route, clock, random }: KnockInit,
  signal: AbortSignal,
): Promise<{ finding: Finding; roster: SignedRoster | undefined }> {
  const identity = await loadIdentity(home);
  const release = await lockHome(home, { command: "fedbaps-site doctor", now: clock.now() });
  let roster: SignedRoster | undefined;
  let connection: Connection | undefined;
  try {
    const finding = await new Promise<Finding>((resolve) => {
      const logger = fileLogger(home.log, clock);
      connection = new Connection(
        { identity, membership, route, clock, random, logger },
        {
          roster: (found) => {
            roster = found ?? undefined;
          },
          // What comes last after the admission.
          studies: (studies) => resolve(ok(`by the coordinator, which offers ${studies.length} studies now`)),
          instruction: () => {},
          state: (_, code) => code !== undefined && resolve(failed(adviceOn(code))),
        },
      );
      signal.addEventListener("abort", () => resolve(failed("stopped")), { once: true });
      connection.start();
    });
    return { finding, roster };
  } finally {
    connection?.stop();
    await release();
  }
}
