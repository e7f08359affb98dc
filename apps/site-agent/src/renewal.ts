import { rename } from "node:fs/promises";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { createIdentity, type Identity, memberOf, type RandomBytes, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { type RenewRequest, renewedSchema, renewedTranscript, renewTranscript } from "@fedbaps/core/wire/enrolment.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { Backoff } from "./backoff.js";
import { askCoordinator } from "./coordinator-http.js";
import type { Route } from "./coordinator-route.js";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { loadDated, loadIdentity, readIdentity, renewalBegun, saveIdentity } from "./identity.js";
import type { Membership } from "./membership.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export interface RenewalInit {
  /** Locked by this process. */
  readonly home: Home;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly signal: AbortSignal;
  readonly route?: Route | undefined;
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Gives the site new keys in the place of its own. They are on the disk before the coordinator hears of them, and take the
 * old ones' place when it has signed that they count: whenever this is cut off, calling it again goes on with the same new
 * keys, which the coordinator takes twice.
 * @returns the new identity. @throws AgentError RENEW_REFUSED, COORDINATOR_KEY, COORDINATOR_UNREACHABLE
 */
export async function renew(init: RenewalInit): Promise<Identity> {
  const { home, clock, random } = init;
  const { identity, passphrase } = await loadDated(home);
  const begun = await readIdentity(home, home.nextIdentity);
  const next = begun?.identity ?? createIdentity(identity.site, random);
  const since = new Date(clock.now()).toISOString();
  if (!begun) await saveIdentity(home, next, { since, passphrase, file: home.nextIdentity });
  await change(init, identity, next);
  await rename(home.nextIdentity, home.identity);
  return next;
}

/**
 * The identity to connect with. A renewal that was cut off is finished first: the coordinator may know the new keys only.
 * @param say tells the person that a renewal which the coordinator refuses is left for later.
 * @throws AgentError COORDINATOR_KEY, COORDINATOR_UNREACHABLE while it cannot be known which keys count
 */
export async function settledIdentity(init: RenewalInit, say: (line: string) => void): Promise<Identity> {
  if (!(await renewalBegun(init.home))) return loadIdentity(init.home);
  try {
    return await renew(init);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== "RENEW_REFUSED") throw error;
    say(`new keys were begun, but not taken: ${error.message}; going on with the old ones`);
    return loadIdentity(init.home);
  }
}

/** The same, asked again and again while the coordinator cannot be reached; undefined when it is told to stop. */
export async function untilSettled(init: RenewalInit, say: (line: string) => void): Promise<Identity | undefined> {
  const { clock, random, signal } = init;
  const backoff = new Backoff(random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
  for (let first = true; !signal.aborted; first = false)
    try {
      return await settledIdentity(init, say);
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== "COORDINATOR_UNREACHABLE") throw error;
      if (first && !signal.aborted) say(`${error.message}; new keys were begun, and it must say whether it has them`);
      await new Promise<void>((resolve) => {
        const cancel = clock.after(backoff.next(), resolve);
        const stop = () => {
          cancel();
          resolve();
        };
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
      });
    }
  return undefined;
}

async function change(init: RenewalInit, from: Identity, to: Identity): Promise<void> {
  const { url, publicKey: coordinator } = init.membership;
  const keysOf = (identity: Identity) => {
    const { signKey, boxKey } = memberOf(identity);
    return { signKey, boxKey };
  };
  const unsigned = {
    protocol: PROTOCOL_VERSION,
    site: from.site,
    coordinator,
    old: keysOf(from),
    next: keysOf(to),
    at: init.clock.now(),
  } as const;
  const text = renewTranscript(unsigned);
  const body: RenewRequest = {
    ...unsigned,
    oldSignature: sign(text, from.sign.secretKey),
    nextSignature: sign(text, to.sign.secretKey),
  };
  const { signature } = await askCoordinator(
    { url, signal: init.signal, route: init.route, fetch: init.fetch },
    { path: "/renew", body, answer: renewedSchema, purpose: "to renew this site's keys", refused: "RENEW_REFUSED" },
  );
  if (!verify(renewedTranscript(unsigned), signature, coordinator))
    throw new AgentError(
      "COORDINATOR_KEY",
      `the server at ${url} is not the coordinator that this site enrolled with: the old keys stay; tell the study lead`,
    );
}
