import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { keyWords, rosterHash, rosterWords, siteWords } from "@fedbaps/core/secagg/roster.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import type { AuditLog } from "../audit/audit-log.js";
import { rosterSignedDetails } from "../audit/evidence.js";
import type { Studies } from "../rounds/studies.js";
import { RosterRepository } from "../store/roster-repository.js";
import type { SiteRepository } from "../store/site-repository.js";
import { type Route, route } from "./route.js";
import { newRosterSchema, rosterSchema, rosterViewSchema } from "./schemas/roster.js";

export interface RostersComponents {
  readonly rosters: RosterRepository;
  readonly sites: SiteRepository;
  readonly studies: Studies;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The roster: what the study lead signed, and the sites that the next version would name. */
export function rosterRoutes({ rosters, sites, studies, audit, clock, logger }: RostersComponents): Route[] {
  return [
    route({
      method: "get",
      path: "/roster",
      summary: "The newest roster, and the sites that the next would name",
      role: "viewer",
      answer: { status: 200, description: "the roster", schema: rosterSchema },
      async handle() {
        const approved = (await sites.list()).filter(({ status }) => status === "approved").map(({ name }) => name);
        const candidates = (await sites.members(approved)).map((member) => ({ ...member, words: siteWords(member) }));
        return { current: viewOf(await rosters.current()), candidates };
      },
    }),
    route({
      method: "post",
      path: "/roster",
      summary: "Takes in the next roster, which the study lead has signed",
      role: "admin",
      body: newRosterSchema,
      maxBytes: 256 * 1024,
      answer: { status: 201, description: "the roster", schema: rosterViewSchema },
      problems: [409],
      async handle({ body: signed }) {
        await audit.within(async (transaction) => {
          const stored = new RosterRepository(transaction);
          const before = await stored.current();
          await stored.add(signed, clock.now());
          const again = before !== undefined && rosterHash(before.roster) === rosterHash(signed.roster);
          const entry = { actor: "lead", action: "roster.signed", details: rosterSignedDetails(signed) } as const;
          return { result: undefined, entry: again ? undefined : entry };
        });
        logger.info("roster", { version: signed.roster.version });
        await studies.rosterChanged(signed);
        return viewOf(signed);
      },
    }),
  ];
}

function viewOf(signed: SignedRoster | undefined) {
  if (!signed) return null;
  const { roster } = signed;
  return { signed, hash: rosterHash(roster), words: rosterWords(roster), lead: keyWords(roster.lead) };
}
