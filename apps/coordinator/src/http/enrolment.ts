import { fromBase64 } from "@fedbaps/core/common/bytes.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, type Identity, memberOf, requireFullOrder, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { openSealed } from "@fedbaps/core/secagg/sealed-message.js";
import {
  identityTranscript,
  renewedTranscript,
  renewTranscript,
  type SealedEnrolment,
} from "@fedbaps/core/wire/enrolment.js";
import { type EnrolRequest, enrolRequestSchema } from "@fedbaps/core/wire/messages.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import type { AuditLog } from "../audit/audit-log.js";
import { CoordinatorError } from "../errors.js";
import type { LiveFeed } from "../live-feed.js";
import type { Connections } from "../realtime/connections.js";
import type { Studies } from "../rounds/studies.js";
import { renewKeys } from "../store/site-keys.js";
import { SiteRepository } from "../store/site-repository.js";
import { type Route, route } from "./route.js";
import {
  enrolledSchema,
  enrolmentBodySchema,
  identityQuery,
  identitySchema,
  renewalSchema,
  renewedAnswerSchema,
} from "./schemas/enrolment.js";

export interface EnrolmentComponents {
  /** The coordinator's own keys: it signs with one, and enrolments are sealed to the other. */
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly feed: LiveFeed;
  readonly studies: Studies;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How far a site's clock may be off, in either direction, when it renews its keys. */
const CLOCK_MILLISECONDS = 24 * 3_600_000;

/** What sites say before they are connected. No token: a code or a key of theirs is it. */
export function enrolmentRoutes(components: EnrolmentComponents): Route[] {
  const { identity, studies, connections, audit, feed, clock, logger } = components;
  const { signKey: publicKey, boxKey } = memberOf(identity);
  return [
    route({
      method: "get",
      path: "/identity",
      summary: "Shows that this coordinator holds its key, before anything is said to it",
      role: "anyone",
      query: identityQuery,
      answer: { status: 200, description: "its keys, signed with the nonce", schema: identitySchema },
      handle({ query: { nonce } }) {
        const signature = sign(identityTranscript(nonce, { publicKey, boxKey }), identity.sign.secretKey);
        return { publicKey, boxKey, signature };
      },
    }),
    route({
      method: "post",
      path: "/enrol",
      summary: "A site turns its one-time code into a membership that waits for approval",
      role: "anyone",
      body: enrolmentBodySchema,
      guessable: true,
      answer: { status: 201, description: "enrolled", schema: enrolledSchema },
      problems: [403, 409],
      async handle({ body: given }) {
        const { signature, ...body } = "sealed" in given ? opened(given, identity) : given;
        if (!verify(enrolTranscript(body), signature, body.signKey))
          throw new CoordinatorError("BAD_SIGNATURE", "the signature does not show possession of the key");
        const { code, site, signKey, boxKey: siteBoxKey } = body;
        requireUsable(siteBoxKey, site);
        const status = await audit.within(async (transaction) => {
          const stored = new SiteRepository(transaction);
          const before = await stored.lock(site);
          const result = await stored.enrol(code, { site, signKey, boxKey: siteBoxKey }, clock.now());
          const details = { signKey, boxKey: siteBoxKey };
          const entry = { actor: `site:${site}`, action: "site.enrolled", site, details } as const;
          return { result, entry: before?.status === "invited" ? entry : undefined };
        });
        logger.info("site-enrolled", { site });
        feed.publish({ kind: "sites" });
        return { site, status, coordinator: publicKey, fingerprint: fingerprint(publicKey) };
      },
    }),
    route({
      method: "post",
      path: "/renew",
      summary: "An approved site changes its keys for new ones, by showing that it holds both",
      role: "anyone",
      body: renewalSchema,
      guessable: true,
      answer: { status: 200, description: "the new keys count", schema: renewedAnswerSchema },
      problems: [409],
      async handle({ body: { oldSignature, nextSignature, ...request } }) {
        const { site, old, next, at, coordinator } = request;
        const signed = renewTranscript(request);
        if (
          coordinator !== publicKey ||
          !verify(signed, oldSignature, old.signKey) ||
          !verify(signed, nextSignature, next.signKey)
        )
          throw new CoordinatorError("BAD_SIGNATURE", "the request is not signed with both keys, for this coordinator");
        const now = clock.now();
        if (Math.abs(now - at) > CLOCK_MILLISECONDS)
          throw new CoordinatorError(
            "BAD_REQUEST",
            "the request is more than a day old, or from the future: set the site's clock, and renew again",
          );
        requireUsable(next.boxKey, site);
        const changed = await audit.within(async (transaction) => {
          const result = await renewKeys(transaction, { site, old, next }, now);
          const entry = { actor: `site:${site}`, action: "site.renewed", site, details: { old, next } } as const;
          return { result, entry: result ? entry : undefined };
        });
        if (changed) {
          logger.info("site-renewed", { site });
          // What was connected with the old keys is cut off.
          connections.expelEverywhere(site, "KEYS_RENEWED");
          await studies.sitesChanged();
        }
        return { site, renewed: changed, signature: sign(renewedTranscript(request), identity.sign.secretKey) };
      },
    }),
  ];
}

/** @throws CoordinatorError BAD_REQUEST for what does not open, or holds no enrolment */
function opened({ sealed }: SealedEnrolment, { box }: Identity): EnrolRequest {
  const plain = openSealed(fromBase64(sealed), box.secretKey);
  try {
    if (plain !== null) return enrolRequestSchema.parse(JSON.parse(Buffer.from(plain).toString("utf8")));
  } catch {
    // It opens, but holds something else.
  }
  throw new CoordinatorError("BAD_REQUEST", "the enrolment is not sealed to this coordinator, or is no enrolment");
}

/** @throws CoordinatorError BAD_REQUEST for a box key with which nothing would be secret */
function requireUsable(boxKey: string, site: string): void {
  try {
    requireFullOrder(fromBase64(boxKey), site);
  } catch {
    throw new CoordinatorError("BAD_REQUEST", "the box key is a point of low order: make other keys");
  }
}
