import { toBase64 } from "@fedbaps/core/common/bytes.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import { sameWords } from "@fedbaps/core/secagg/words.js";
import type { AuditAction } from "../audit/actions.js";
import type { AuditLog } from "../audit/audit-log.js";
import type { AuditDetails } from "../audit/record.js";
import { DEFAULT_INVITE_HOURS } from "../config.js";
import { CoordinatorError } from "../errors.js";
import type { LiveFeed } from "../live-feed.js";
import type { Connections } from "../realtime/connections.js";
import type { Studies } from "../rounds/studies.js";
import { SiteRepository, type SiteRow, type SiteStatus } from "../store/site-repository.js";
import { contextOf } from "./authorise.js";
import { pageOf } from "./paging.js";
import { type Route, route } from "./route.js";
import { nameParams, pageQuery } from "./schemas/common.js";
import { approvalSchema, inviteSchema, newInviteSchema, siteSchema, sitesSchema } from "./schemas/site.js";
import { siteView } from "./site-view.js";

export interface SitesComponents {
  readonly sites: SiteRepository;
  readonly studies: Studies;
  readonly connections: Connections;
  readonly audit: AuditLog;
  readonly feed: LiveFeed;
  /** The coordinator's Ed25519 key, base64. */
  readonly publicKey: string;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly logger: Logger;
}

const HOUR = 3_600_000;

/** Invites, approval and revocation of sites. */
export function siteRoutes(components: SitesComponents): Route[] {
  const { sites, studies, connections, audit, feed, clock, logger } = components;

  const view = async (name: string) => {
    const site = (await sites.find(name)) as SiteRow;
    return siteView(site, (await connections.all()).get(name), (await sites.openInvites(clock.now())).get(name));
  };

  /** Moves a site on, unless `refusal` says why not, and records it with what else there is to say. */
  const change = async (
    name: string,
    to: SiteStatus,
    actor: string,
    action: AuditAction,
    check: (site: SiteRow) => AuditDetails,
  ) => {
    const changed = await audit.within(async (transaction) => {
      const stored = new SiteRepository(transaction);
      const site = await stored.lock(name);
      if (site === undefined) throw new CoordinatorError("NOT_FOUND", `there is no site ${name}`, { site: name });
      const details = check(site);
      if (site.status === to) return { result: false, entry: undefined };
      await stored.setStatus(name, to);
      return { result: true, entry: { actor, action, site: name, details } };
    });
    if (!changed) return;
    logger.info("site", { site: name, phase: to });
    feed.publish({ kind: "sites" });
  };

  return [
    route({
      method: "post",
      path: "/invites",
      summary: "Makes a one-time code by which a site enrols; an earlier code of that site counts no longer",
      role: "admin",
      body: newInviteSchema,
      answer: { status: 201, description: "the invite, shown this once", schema: inviteSchema },
      problems: [409],
      async handle({ body: { site, expiresInHours = DEFAULT_INVITE_HOURS }, request }) {
        const code = Buffer.from(toBase64(components.random(24)), "base64").toString("base64url");
        const now = clock.now();
        const expiresAt = now + expiresInHours * HOUR;
        await audit.within(async (transaction) => {
          await new SiteRepository(transaction).invite(site, code, expiresAt, now);
          const { actor } = contextOf(request);
          return { result: undefined, entry: { actor, action: "site.invited", site, details: { expiresAt } } };
        });
        logger.info("site-invited", { site });
        feed.publish({ kind: "sites" });
        const print = fingerprint(components.publicKey);
        // Code and key travel together, so that nobody can come between them at first contact.
        const invite = `${code}.${print.replaceAll(" ", "")}`;
        return { site, invite, code, expiresAt, fingerprint: print };
      },
    }),
    route({
      method: "get",
      path: "/sites",
      summary: "Sites, by name",
      role: "viewer",
      query: pageQuery,
      answer: { status: 200, description: "one page of them", schema: sitesSchema },
      async handle({ query }) {
        const { items, next } = pageOf(await sites.list(), ({ name }) => [name], query);
        const presences = await connections.all();
        const invites = await sites.openInvites(clock.now());
        return {
          sites: items.map((site) => siteView(site, presences.get(site.name), invites.get(site.name))),
          next,
        };
      },
    }),
    route({
      method: "post",
      path: "/sites/:name/approve",
      summary:
        "Admits a site that has enrolled; where its fingerprint or words are given, only with exactly these keys",
      role: "admin",
      params: nameParams,
      body: approvalSchema,
      bodyOptional: true,
      answer: { status: 200, description: "the site", schema: siteSchema },
      problems: [404, 409],
      async handle({ params: { name }, body: heard, request }) {
        await change(name, "approved", contextOf(request).actor, "site.approved", (site) => {
          const { signKey, boxKey } = site;
          if (signKey === null || boxKey === null)
            throw new CoordinatorError("CONFLICT", `site ${name} has not enrolled yet: it must use its invite first`, {
              site: name,
            });
          const compared = compare({ signKey, boxKey }, heard);
          if (compared === "differs")
            throw new CoordinatorError(
              "CONFLICT",
              `these are not the words or the fingerprint of the keys that enrolled as ${name}: do not approve it; ask the site again, and revoke it if they differ`,
              { site: name },
            );
          return { signKey, boxKey, compared };
        });
        await studies.sitesChanged();
        return view(name);
      },
    }),
    route({
      method: "post",
      path: "/sites/:name/revoke",
      summary: "Shuts a site out, at once",
      role: "admin",
      params: nameParams,
      answer: { status: 200, description: "the site", schema: siteSchema },
      problems: [404],
      async handle({ params: { name }, request }) {
        await change(name, "revoked", contextOf(request).actor, "site.revoked", () => ({}));
        connections.expelEverywhere(name, "SITE_REVOKED");
        await studies.sitesChanged();
        return view(name);
      },
    }),
  ];
}

interface Heard {
  readonly fingerprint?: string | undefined;
  readonly words?: string | undefined;
}

/** What a person heard from the site, against the keys that are here. */
function compare(
  keys: { signKey: string; boxKey: string },
  { fingerprint: digits, words }: Heard = {},
): "words" | "fingerprint" | "nothing" | "differs" {
  if (words !== undefined && !sameWords(words, siteWords(keys))) return "differs";
  if (digits !== undefined && hexOf(digits) !== hexOf(fingerprint(keys.signKey))) return "differs";
  if (words !== undefined) return "words";
  return digits === undefined ? "nothing" : "fingerprint";
}

function hexOf(text: string): string {
  return text.toLowerCase().replace(/[\s:-]/g, "");
}
