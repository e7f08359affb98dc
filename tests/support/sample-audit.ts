import { AuditLog } from "@fedbaps/coordinator/audit/audit-log.js";
import { rosterSignedDetails } from "@fedbaps/coordinator/audit/evidence.js";
import { roundCompletedDetails } from "@fedbaps/coordinator/audit/receipts.js";
import { LiveFeed } from "@fedbaps/coordinator/live-feed.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { makeInputs, runConfirm, seededBytes, siteNames } from "../protocol/parties.js";
import { openTestDatabase } from "./test-database.js";

export const coordinatorKey = createIdentity("coordinator", seededBytes(70)).sign;
export const lead = createIdentity("lead", seededBytes(71)).sign;
const identities = siteNames(5).map((site, i) => createIdentity(site, seededBytes(80 + i)));
export const members = identities.map(memberOf);
export const signedRoster = signRoster(members, lead);

/** A round between real parties under the sample roster, up to the sites' signatures; the last `silent` drop out. */
export async function playRound(round: number, silent = 0) {
  const sites = siteNames(5);
  const threshold = defaultThreshold(5);
  const cohort: Cohort = {
    reference: { study: "liver", round, attempt: 1 },
    studyHash: "ab".repeat(32),
    rosterHash: rosterHash(signedRoster.roster),
    seal: null,
    members,
    threshold,
    minSurvivors: threshold,
    length: 4,
  };
  const random = seededBytes(500 + round);
  const clients = identities.map((identity) => new SecAggClient({ identity, cohort, random }));
  const server = new SecAggServer({ cohort });
  const request = await runConfirm(
    { identities, cohort, clients, server, sites, inputs: makeInputs(sites, 4), random },
    silent,
  );
  return { cohort, request, survivors: request.survivors };
}

/** An open log in a database of its own, with the clock at `clock.time`. */
export async function openAudit() {
  const { db, close } = await openTestDatabase();
  const clock = { time: 1_000, now: () => clock.time++, after: () => () => {} };
  const feed = new LiveFeed();
  const audit = new AuditLog({ db, key: coordinatorKey, clock, feed });
  return { db, close, clock, feed, audit };
}

/** Fills a log as the life of a study does. */
export async function fillAudit(audit: AuditLog): Promise<void> {
  await audit.record({ actor: "coordinator", action: "coordinator.started", details: { version: "0.1.0" } });
  for (const { site } of members) {
    await audit.record({ actor: "admin:t1", action: "site.invited", site, details: { expiresAt: 9 } });
    await audit.record({ actor: `site:${site}`, action: "site.enrolled", site });
  }
  await audit.record({ actor: "lead", action: "roster.signed", details: rosterSignedDetails(signedRoster) });
  await audit.record({ actor: "admin:t1", action: "study.started", study: "liver" });
  for (const round of [1, 2]) {
    const { cohort, request, survivors } = await playRound(round, round - 1);
    await audit.record({ actor: "coordinator", action: "round.began", study: "liver", details: { round, attempt: 1 } });
    const dropOuts = request.dropped.map((site) => ({ site, phase: "maskedInput" as const, code: "SILENT" }));
    const details = roundCompletedDetails({ cohort, survivors, dropOuts, request, sumSha256: "ef".repeat(32) });
    await audit.record({ actor: "coordinator", action: "round.completed", study: "liver", details });
  }
  await audit.record({ actor: "coordinator", action: "study.completed", study: "liver" });
}

/** Everything that an export yields, as its lines hold it. */
export async function exported(audit: AuditLog): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const entry of audit.export()) lines.push(JSON.parse(JSON.stringify(entry)));
  return lines;
}

export async function* stream<T>(entries: Iterable<T>): AsyncGenerator<T> {
  yield* entries;
}
