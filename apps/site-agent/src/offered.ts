import { UsageError } from "@fedbaps/core/common/errors.js";
import type { StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import { adviceOn } from "./advice.js";
import { type CommandIo, say } from "./command-io.js";
import { Connection } from "./connection.js";
import { readRoute } from "./coordinator-route.js";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { lockHolder, lockHome } from "./lock.js";
import { fileLogger } from "./log.js";
import { checkUrl, loadMembership } from "./membership.js";
import { readOffers, saveOffers } from "./offers.js";
import { readPolicy } from "./policy.js";
import { settledIdentity } from "./renewal.js";
import { offeredRoster, saveOfferedRoster } from "./roster-files.js";

/** What a coordinator puts before this site: the studies that name it, and the newest roster. */
export interface Offered {
  readonly studies: StudyOffer[];
  readonly roster: SignedRoster | undefined;
}

const TIMEOUT_MS = 20_000;

/** From the coordinator; while the agent runs, what it was offered last, as it holds the connection. */
export async function fetchOffered(io: CommandIo, home: Home): Promise<Offered> {
  if (await lockHolder(home)) {
    say(io, "the agent is running: this is what the coordinator offered it last");
    return { studies: await readOffers(home), roster: await offeredRoster(home) };
  }
  await home.requireInitialised();
  const membership = await loadMembership(home);
  checkUrl(membership.url, await readPolicy(home));
  const route = await readRoute(membership.url, io.env, home.folder);
  const release = await lockHome(home, { command: "fedbaps-site", now: io.clock.now() });
  try {
    const { clock, random, signal } = io;
    const identity = await settledIdentity({ home, membership, clock, random, signal, route }, (line) => say(io, line));
    const offered = await new Promise<Offered>((resolve, reject) => {
      let roster: SignedRoster | undefined;
      const fail = (code: string) =>
        reject(new AgentError("COORDINATOR_REFUSED", `cannot ask ${membership.url}: ${adviceOn(code)}`));
      const logger = fileLogger(home.log, io.clock);
      const connection = new Connection(
        { identity, membership, clock: io.clock, random: io.random, logger, route },
        {
          // The roster is sent before the studies.
          roster: (found) => {
            roster = found ?? undefined;
          },
          studies: (studies) => settle(() => resolve({ studies, roster })),
          instruction: () => {},
          state: (_, code) => code && settle(() => fail(code)),
        },
      );
      const cancel = io.clock.after(TIMEOUT_MS, () => settle(() => fail("COORDINATOR_UNREACHABLE")));
      const settle = (act: () => void) => {
        cancel();
        connection.stop();
        act();
      };
      io.signal.addEventListener("abort", () => settle(() => reject(new UsageError("stopped"))), { once: true });
      connection.start();
    });
    await saveOffers(home, offered.studies);
    await saveOfferedRoster(home, offered.roster ?? null);
    return offered;
  } finally {
    await release();
  }
}
