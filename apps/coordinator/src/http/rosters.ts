import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { keyWords, rosterHash, rosterWords } from "@fedbaps/core/secagg/roster.js";
import { type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { Router } from "express";
import type { Studies } from "../rounds/studies.js";
import type { RosterRepository } from "../store/roster-repository.js";
import type { SiteRepository } from "../store/site-repository.js";

export interface RostersComponents {
  readonly rosters: RosterRepository;
  readonly sites: SiteRepository;
  readonly studies: Studies;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The roster: what the study lead signed, and the sites that the next version would name. */
export function rosterRoutes({ rosters, sites, studies, clock, logger }: RostersComponents): Router {
  const router = Router();

  router.get("/roster", async (_request, response) => {
    const approved = (await sites.list()).filter(({ status }) => status === "approved").map(({ name }) => name);
    const candidates = await sites.members(approved);
    response.json({ current: viewOf(await rosters.current()), candidates });
  });

  router.post("/roster", async (request, response) => {
    const signed = signedRosterSchema.parse(request.body);
    await rosters.add(signed, clock.now());
    logger.info("roster", { version: signed.roster.version });
    await studies.rosterChanged(signed);
    response.status(201).json(viewOf(signed));
  });

  return router;
}

function viewOf(signed: SignedRoster | undefined) {
  if (!signed) return null;
  const { roster } = signed;
  return { signed, hash: rosterHash(roster), words: rosterWords(roster), lead: keyWords(roster.lead) };
}
