import type { Clock } from "@fedbaps/core/common/clock.js";
import { fingerprint, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import { adviceOn } from "../advice.js";
import { readAgentState } from "../agent-state.js";
import { type Route, readRoute } from "../coordinator-route.js";
import type { Home } from "../home.js";
import { describeFailure, failureLine } from "../link-failure.js";
import { lockHolder } from "../lock.js";
import { checkUrl, type Membership, readMembership } from "../membership.js";
import { readPolicy } from "../policy.js";
import { protocolLine } from "../protocol-version.js";
import { shownProxy } from "../proxy-choice.js";
import { askIdentity } from "../shown-identity.js";
import { knock, reported } from "./admission.js";
import { type Check, type Finding, failed, ok, warning } from "./check.js";
import { clockFinding } from "./clock.js";
import { rosterFinding } from "./roster.js";
import { ProxyStatus, probeWeb, type WebProbe } from "./web-probe.js";

const DAY_MS = 24 * 3_600_000;
const SHORT_VALIDITY_MS = 14 * DAY_MS;
const NOT_REACHED = "not known: the coordinator was not reached";

export interface CoordinatorChecksInit {
  readonly home: Home;
  /** In the place of the one that the site is enrolled with. */
  readonly url: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** The way to the coordinator, and what it thinks of this site. Later checks go by what earlier ones found. */
export function coordinatorChecks(init: CoordinatorChecksInit): Check[] {
  const { home, env, clock, random } = init;
  let membership: Membership | undefined;
  let place: { readonly url: string; readonly route: Route } | undefined;
  let answered: WebProbe | undefined;
  let newest: SignedRoster | undefined;

  return [
    {
      name: "enrolled",
      seconds: 5,
      look: async () => {
        membership = await readMembership(home);
        if (membership) return ok(`with ${membership.url}, coordinator ${fingerprint(membership.publicKey)}`);
        return warning("with no coordinator yet", "fedbaps-site enroll --coordinator URL");
      },
    },
    {
      name: "proxy",
      seconds: 5,
      look: async () => {
        const given = init.url ?? membership?.url;
        if (given === undefined) return warning("no coordinator's address yet", "give --coordinator URL");
        const url = checkUrl(given, await readPolicy(home));
        const route = await readRoute(url, env, home.folder);
        place = { url, route };
        const authorities = route.ca ? ", with certificate authorities of your own" : "";
        if (route.proxy) return ok(`${shownProxy(route.proxy)} (by ${route.proxy.from})${authorities}`);
        const other = (env.HTTP_PROXY ?? env.http_proxy) && !(env.HTTPS_PROXY ?? env.https_proxy);
        if (other && url.startsWith("https:"))
          return warning("none: HTTP_PROXY is set, but this is https", "if the proxy is needed, set HTTPS_PROXY, too");
        return ok(`none, straight to ${new URL(url).host}${authorities}`);
      },
    },
    {
      name: "coordinator",
      seconds: 30,
      look: async (signal) => {
        if (!place) return warning("not asked: no address yet");
        const { url, route } = place;
        try {
          answered = await probeWeb(`${url}/healthz`, route, () => clock.now(), signal);
        } catch (error) {
          return unreached(error, url, route);
        }
        const { status, milliseconds, certificate } = answered;
        const found = `${url} answers in ${milliseconds} ms${certificate ? `, certificate by ${certificate.issuer}` : ""}`;
        return status === 200
          ? ok(found)
          : failed(`${found}, but with HTTP ${status}`, "is the address right? Tell the study lead");
      },
    },
    {
      name: "certificate",
      seconds: 1,
      look: async () => {
        if (!answered) return warning(NOT_REACHED);
        if (!answered.certificate) return ok("none: plain http");
        const { validUntil } = answered.certificate;
        const days = Math.floor((validUntil - clock.now()) / DAY_MS);
        const message = `valid until ${new Date(validUntil).toISOString().slice(0, 10)}, ${days} days more`;
        return validUntil - clock.now() < SHORT_VALIDITY_MS ? warning(message, "tell the study lead") : ok(message);
      },
    },
    {
      name: "clock",
      seconds: 1,
      look: async () =>
        answered?.date === undefined ? warning(NOT_REACHED) : clockFinding(clock.now() - answered.date),
    },
    {
      name: "protocol",
      seconds: 30,
      look: async (signal) => {
        if (!place || !answered) return warning(NOT_REACHED);
        const shown = await askIdentity({ ...place, signal }, random);
        if (shown.protocol === undefined)
          return failed(`what answers at ${place.url} does not hold the key that it shows`, "tell the study lead");
        if (membership && init.url === undefined && shown.publicKey !== membership.publicKey)
          return failed(adviceOn("COORDINATOR_KEY"));
        if (shown.protocol !== PROTOCOL_VERSION) return failed(protocolLine(shown.protocol));
        return ok(
          `version ${PROTOCOL_VERSION} on both sides; its key has the fingerprint ${fingerprint(shown.publicKey)}`,
        );
      },
    },
    {
      name: "admitted",
      seconds: 30,
      look: async (signal) => {
        if (!membership) return warning("not tried: this site is not enrolled");
        if (init.url !== undefined && place?.url !== membership.url)
          return warning("not tried: this site is enrolled with another coordinator");
        // A second link of this site would push the agent's own aside.
        const holder = await lockHolder(home);
        if (holder) return reported(await readAgentState(home), holder);
        if (!place || !answered) return warning(NOT_REACHED);
        const tried = await knock({ home, clock, random, membership, route: place.route }, signal);
        newest = tried.roster;
        return tried.finding;
      },
    },
    {
      name: "roster",
      seconds: 5,
      look: () => rosterFinding(home, newest),
    },
  ];
}

function unreached(error: unknown, url: string, { proxy }: Route): Finding {
  const refusedWith = error instanceof ProxyStatus ? error.refusedWith : undefined;
  const failure = describeFailure(error, proxy && { refusedWith });
  const [message, ...remedy] = failureLine(failure, new URL(url).host, proxy && shownProxy(proxy)).split(/: (?=\w+ )/);
  return failed(message, remedy.join(": "));
}
