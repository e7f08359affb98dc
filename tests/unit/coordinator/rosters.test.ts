import type { OpenDatabase } from "@fedbaps/coordinator/store/database.js";
import { EpochRepository } from "@fedbaps/coordinator/store/epoch-repository.js";
import { RosterRepository } from "@fedbaps/coordinator/store/roster-repository.js";
import { RoundRepository } from "@fedbaps/coordinator/store/round-repository.js";
import type { Database } from "@fedbaps/coordinator/store/schema.js";
import { StudyRepository } from "@fedbaps/coordinator/store/study-repository.js";
import { dealEpochKey, openEpochShare } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "kysely";
import { seededBytes, siteNames } from "../../protocol/parties.js";
import { codeOf } from "../../support/codes.js";
import { openTestDatabase } from "../../support/test-database.js";

const sites = siteNames(4);
const identities = sites.map((site, i) => createIdentity(site, seededBytes(i + 1)));
const members = identities.map(memberOf);
const lead = createIdentity("lead", seededBytes(90)).sign;
const another = createIdentity("lead", seededBytes(91)).sign;
const spec = studySpecSchema.parse({ name: "liver", participation: { sites } });

let database: OpenDatabase;
let db: Database;
beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});
afterAll(() => database.close());

describe("the store of rosters", () => {
  const first = signRoster(members.slice(0, 3), lead);
  const second = signRoster(members, lead, first.roster);
  const third = signRoster(members.slice(1), lead, second.roster);

  it("begins with version 1 of a lead, and takes the same again", async () => {
    const rosters = new RosterRepository(db);
    expect(await rosters.current()).toBeUndefined();
    expect(await codeOf(() => rosters.add(second, 1))).toBe("CONFLICT");
    expect(await codeOf(() => rosters.add({ ...first, signature: second.signature }, 1))).toBe("BAD_SIGNATURE");
    expect(await rosters.current()).toBeUndefined();
    await rosters.add(first, 1);
    await rosters.add(structuredClone(first), 2);
    expect(await rosters.current()).toEqual(first);
    expect((await sql`select version from rosters`.execute(db)).rows).toEqual([{ version: 1 }]);
  });

  it("goes on by one version at a time, of the same lead", async () => {
    const rosters = new RosterRepository(db);
    const refused = [
      [third, "CONFLICT"],
      [signRoster(members, another), "BAD_ROSTER"],
      [signRoster(members, lead), "BAD_ROSTER"],
      [signRoster(members, lead, signRoster(members.slice(1), lead).roster), "BAD_ROSTER"],
      [{ ...second, roster: { ...second.roster, members: first.roster.members } }, "BAD_SIGNATURE"],
    ] as const;
    for (const [signed, code] of refused) expect(await codeOf(() => rosters.add(signed, 3))).toBe(code);
    expect(await rosters.current()).toEqual(first);
    await rosters.add(second, 4);
    await rosters.add(third, 5);
    expect(await rosters.current()).toEqual(third);
    expect(await codeOf(() => rosters.add(second, 6))).toBe("BAD_ROSTER");
    expect(await rosters.current()).toEqual(third);
  });
});

describe("the store of epoch keys", () => {
  const { roster } = signRoster(members, lead);
  const newer = signRoster(members, lead, roster).roster;
  const scopeOf = (given: typeof roster) => ({
    studyHash: studyHash(spec),
    roster: given,
    rosterHash: rosterHash(given),
    sites,
  });
  const deal = dealEpochKey(identities[0], scopeOf(roster), new Map(), seededBytes(10));
  const late = dealEpochKey(identities[1], scopeOf(roster), new Map(), seededBytes(11));
  const next = dealEpochKey(identities[2], scopeOf(newer), new Map(), seededBytes(12));

  it("keeps the first deal of a study and roster, and passes each site its own boxes", async () => {
    await new StudyRepository(db).create(spec, 1);
    const epochs = new EpochRepository(db);
    expect(await epochs.find("liver", deal.rosterHash)).toBeUndefined();
    expect(await epochs.sharesFor("liver", sites[0])).toEqual([]);
    expect(await epochs.keep("liver", deal, 1)).toEqual(deal);
    expect(await epochs.keep("liver", late, 2)).toEqual(deal);
    expect(await epochs.keep("liver", next, 3)).toEqual(next);
    expect(await epochs.find("liver", deal.rosterHash)).toEqual(deal);
    expect(await epochs.find("liver", "0".repeat(64))).toBeUndefined();
    for (const identity of identities) {
      const shares = await epochs.sharesFor("liver", identity.site);
      expect(shares.map(({ keyId }) => keyId)).toEqual([deal.keyId, next.keyId]);
      expect(openEpochShare(identity, scopeOf(roster), shares[0]).has(deal.keyId)).toBe(true);
      expect(openEpochShare(identity, scopeOf(newer), shares[1]).has(next.keyId)).toBe(true);
      const others = deal.boxes.filter(({ site }) => site !== identity.site).map(({ box }) => box);
      for (const box of others) expect(JSON.stringify(shares)).not.toContain(box);
    }
    expect(await epochs.sharesFor("liver", "stranger")).toEqual([]);
    expect(await epochs.sharesFor("other", sites[0])).toEqual([]);
  });
});

describe("a completed round that is taken back", () => {
  it("loses its sum and figures, keeps its history, and is the study's next round again", async () => {
    const [studies, rounds] = [new StudyRepository(db), new RoundRepository(db)];
    const study = "kidney";
    await studies.create({ ...spec, name: study }, 1);
    for (const round of [1, 2]) {
      const reference = { study, round, attempt: 1 };
      await rounds.begin(reference, round);
      const sum = new Uint8Array(8).fill(round);
      const metrics = { valDice: 0.5 };
      const result = { cohort: sites, survivors: sites, dropOuts: [], metrics, sum, seal: "a".repeat(64), endedAt: 9 };
      await rounds.complete(reference, result);
    }
    expect((await studies.find(study))?.version).toBe(2);
    await rounds.takeBack(study, 2, "IMPOSSIBLE_SUM");
    expect((await studies.find(study))?.version).toBe(1);
    expect(await rounds.list(study)).toMatchObject([
      { round: 1, phase: "completed", code: null, metrics: { valDice: 0.5 } },
      {
        round: 2,
        attempt: 1,
        phase: "aborted",
        code: "IMPOSSIBLE_SUM",
        metrics: null,
        cohort: sites,
        survivors: sites,
      },
    ]);
    expect(await rounds.history(study, 0, 1000)).toMatchObject({
      more: false,
      sums: [{ round: 1, seal: "a".repeat(64) }],
    });
    const stored = await sql<{ sum: unknown; seal: unknown }>`
      select sum, seal from rounds where study = ${study} and round = 2`.execute(db);
    expect(stored.rows).toEqual([{ sum: null, seal: null }]);

    const again = { study, round: 2, attempt: 2 };
    await rounds.begin(again, 20);
    const result = { cohort: sites, survivors: sites, dropOuts: [], metrics: null, sum: new Uint8Array(8).fill(7) };
    await rounds.complete(again, { ...result, seal: "b".repeat(64), endedAt: 21 });
    const { sums } = await rounds.history(study, 1, 1000);
    expect(sums).toMatchObject([{ round: 2, attempt: 2, seal: "b".repeat(64) }]);
    expect([...sums[0].sum]).toEqual(new Array(8).fill(7));
    expect((await studies.find(study))?.version).toBe(2);
  });
});
