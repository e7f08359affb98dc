import { toBase64 } from "@fedbaps/core/common/bytes.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { Router } from "express";
import { z } from "zod";
import { INVITE_MILLISECONDS } from "../config.js";
import { CoordinatorError } from "../errors.js";
import type { Connections } from "../realtime/connections.js";
import type { Studies } from "../rounds/studies.js";
import type { SiteRepository, SiteRow, SiteStatus } from "../store/site-repository.js";

export interface SitesComponents {
  readonly sites: SiteRepository;
  readonly studies: Studies;
  readonly connections: Connections;
  readonly publicKey: string;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly logger: Logger;
}

const inviteSchema = z.strictObject({ site: nameSchema });

/** Invites, approval and revocation of sites. */
export function siteRoutes(components: SitesComponents): Router {
  const { sites, studies, connections, clock, logger } = components;
  const router = Router();

  router.post("/invites", async (request, response) => {
    const { site } = inviteSchema.parse(request.body);
    const code = Buffer.from(toBase64(components.random(24)), "base64").toString("base64url");
    const expiresAt = clock.now() + INVITE_MILLISECONDS;
    await sites.invite(site, code, expiresAt, clock.now());
    logger.info("site-invited", { site });
    const print = fingerprint(components.publicKey);
    // Code and key travel together, so that nobody can come between them at first contact.
    const invite = `${code}.${print.replaceAll(" ", "")}`;
    response.status(201).json({ site, invite, code, expiresAt, fingerprint: print });
  });

  router.get("/sites", async (_request, response) => {
    response.json({ sites: (await sites.list()).map((site) => viewOf(site, connections)) });
  });

  const change = async (name: string, to: SiteStatus, refusal: (site: SiteRow) => string | undefined) => {
    const site = await sites.find(name);
    if (site === undefined) throw new CoordinatorError("NOT_FOUND", `there is no site ${name}`, { site: name });
    const problem = refusal(site);
    if (problem !== undefined) throw new CoordinatorError("CONFLICT", problem, { site: name });
    if (site.status !== to) {
      await sites.setStatus(name, to);
      logger.info("site", { site: name, phase: to });
    }
    return viewOf({ ...site, status: to }, connections);
  };

  router.post("/sites/:name/approve", async (request, response) => {
    const { name } = request.params;
    const view = await change(name, "approved", (site) =>
      site.signKey === null ? `site ${name} has not enrolled yet: it must use its invite first` : undefined,
    );
    await studies.siteApproved(name);
    response.json(view);
  });

  router.post("/sites/:name/revoke", async (request, response) => {
    const { name } = request.params;
    const view = await change(name, "revoked", () => undefined);
    connections.expel(name, "SITE_REVOKED");
    await studies.siteRevoked(name);
    response.json(view);
  });

  return router;
}

function viewOf(site: SiteRow, connections: Connections) {
  const presence = connections.presence(site.name);
  return {
    site: site.name,
    status: site.status,
    fingerprint: site.signKey === null ? null : fingerprint(site.signKey),
    connected: presence.connected,
    lastMessage: presence.lastMessage ?? site.lastSeen,
    createdAt: site.createdAt,
  };
}
