import type { OpenDatabase } from "@fedbaps/coordinator/store/database.js";
import { migrate } from "@fedbaps/coordinator/store/migrations.js";
import { RoundRepository } from "@fedbaps/coordinator/store/round-repository.js";
import type { Database } from "@fedbaps/coordinator/store/schema.js";
import { SiteRepository } from "@fedbaps/coordinator/store/site-repository.js";
import { StudyRepository } from "@fedbaps/coordinator/store/study-repository.js";
import { TokenRepository } from "@fedbaps/coordinator/store/token-repository.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "kysely";
import { openTestDatabase } from "../../support/test-database.js";

const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const spec = studySpecSchema.parse({ name: "liver", participation: { sites: ["north", "south", "west"] } });

describe("the store", () => {
  let database: OpenDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await openTestDatabase();
    db = database.db;
  });
  afterAll(() => database.close());

  it("lets a site in once, by its code, in time", async () => {
    const sites = new SiteRepository(db);
    const north = { site: "north", signKey: key(1), boxKey: key(2) };
    await sites.invite("north", "old code", 100, 0);
    await sites.invite("north", "code", 100, 0);
    await expect(sites.enrol("old code", north, 1)).rejects.toMatchObject({ code: "BAD_INVITE" });
    await expect(sites.enrol("code", { ...north, site: "south" }, 1)).rejects.toMatchObject({ code: "BAD_INVITE" });
    await expect(sites.enrol("code", north, 100)).rejects.toMatchObject({ code: "BAD_INVITE" });
    expect(await sites.enrol("code", north, 99)).toBe("pending");
    expect(await sites.enrol("code", north, 500)).toBe("pending");
    await expect(sites.enrol("code", { ...north, signKey: key(3) }, 99)).rejects.toMatchObject({ code: "BAD_INVITE" });
    expect(await sites.members(["north"])).toEqual([]);
    await sites.setStatus("north", "approved");
    expect(await sites.members(["north", "south"])).toEqual([north]);
    await sites.invite("south", "another", 100, 0);
    for (const [signKey, boxKey] of [
      [1, 2],
      [4, 2],
      [2, 4],
      [4, 1],
      [4, 4],
    ]) {
      const south = { site: "south", signKey: key(signKey), boxKey: key(boxKey) };
      await expect(sites.enrol("another", south, 1)).rejects.toMatchObject({ code: "CONFLICT" });
    }
    await expect(sites.invite("north", "third", 100, 0)).rejects.toMatchObject({ code: "CONFLICT" });
    const stored = await sql<{ code_hash: string }>`select code_hash from invites`.execute(db);
    expect(JSON.stringify(stored.rows)).not.toContain('code"');
  });

  it("ends the open invite of a site that is revoked", async () => {
    const sites = new SiteRepository(db);
    await sites.invite("east", "open", 100, 0);
    await sites.setStatus("east", "revoked");
    const east = { site: "east", signKey: key(8), boxKey: key(9) };
    await expect(sites.enrol("open", east, 1)).rejects.toMatchObject({ code: "BAD_INVITE" });
    await expect(sites.invite("east", "second", 100, 0)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("keeps why a site could not report, until it does", async () => {
    const studies = new StudyRepository(db);
    const { name: study } = await studies.create({ ...spec, name: "reports" }, 5);
    const fail = (code: string) => studies.saveReportFailure("north", { study, stage: "report", code }, 6);
    await fail("BLACKBOX_UNREACHABLE");
    await fail("BUDGET_EXHAUSTED");
    expect([...(await studies.reportFailures(study))]).toEqual([["north", "BUDGET_EXHAUSTED"]]);
    const report = { study, deployed: false, queries: 1, blackboxSeconds: 0, version: 1 };
    await studies.saveReport("north", report, 7);
    await fail("BLACKBOX_UNREACHABLE");
    expect(await studies.reportFailures(study)).toEqual(new Map());
    expect(await studies.reports(study)).toEqual(new Map([["north", report]]));
  });

  it("takes the same study twice, and no other under its name", async () => {
    const studies = new StudyRepository(db);
    const study = await studies.create(spec, 5);
    expect(study).toMatchObject({ name: "liver", status: "draft", version: 0, spec });
    expect(await studies.create(spec, 9)).toEqual(study);
    await expect(studies.create({ ...spec, rounds: 2 }, 9)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await studies.move("liver", ["running"], "paused")).toBe(false);
    expect(await studies.move("liver", ["draft"], "running")).toBe(true);
    await studies.setApproval("liver", "north", study.hash);
    expect(await studies.approvals(study)).toEqual(["north"]);
    await studies.setApproval("liver", "north", null);
    expect(await studies.approvals(study)).toEqual([]);
  });

  it("keeps the sums of completed rounds and hands them out in pages", async () => {
    const rounds = new RoundRepository(db);
    const studies = new StudyRepository(db);
    const names = ["north", "south", "west"];
    for (const round of [1, 2, 3]) {
      const reference = { study: "liver", round, attempt: 1 };
      await rounds.begin(reference, 10);
      const sum = new Uint8Array(40).fill(round);
      const result = {
        cohort: names,
        survivors: names,
        dropOuts: [],
        metrics: { valDice: 0.5 },
        sum,
        seal: null,
        endedAt: 20,
      };
      await rounds.complete(reference, result);
    }
    await rounds.begin({ study: "liver", round: 4, attempt: 1 }, 30);
    await rounds.abortOpen("liver", "COORDINATOR_RESTARTED", 40);
    expect((await studies.find("liver"))?.version).toBe(3);
    expect(await rounds.list("liver")).toMatchObject([
      { round: 1, phase: "completed", survivors: names, metrics: { valDice: 0.5 } },
      { round: 2 },
      { round: 3, startedAt: 10, endedAt: 20 },
      { round: 4, phase: "aborted", code: "COORDINATOR_RESTARTED", endedAt: 40, cohort: null },
    ]);
    const page = await rounds.history("liver", 0, 80);
    expect(page).toMatchObject({ more: true, sums: [{ round: 1, cohortSize: 3 }, { round: 2 }] });
    expect([...page.sums[1].sum]).toEqual(new Array(40).fill(2));
    expect(await rounds.history("liver", 2, 1)).toMatchObject({ more: false, sums: [{ round: 3 }] });
    expect(await rounds.history("liver", 3, 1)).toEqual({ more: false, sums: [] });
  });

  it("knows tokens by their hashes only", async () => {
    const tokens = new TokenRepository(db);
    expect(await tokens.any()).toBe(false);
    await tokens.add("a-token", "admin", 1);
    expect(await tokens.roleOf("a-token", 2)).toBe("admin");
    expect(await tokens.roleOf("another", 2)).toBeUndefined();
    expect(JSON.stringify((await sql`select * from tokens`.execute(db)).rows)).not.toContain("a-token");
  });

  it("migrates once, and leaves the database of a newer program alone", async () => {
    await migrate(db);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-future', '2999')`.execute(db);
    await expect(migrate(db)).rejects.toMatchObject({ code: "SCHEMA_NEWER" });
    expect((await new StudyRepository(db).find("liver"))?.version).toBe(3);
  });
});
