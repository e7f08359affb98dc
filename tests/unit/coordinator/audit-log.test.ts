import { adoptRosters } from "@fedbaps/coordinator/audit/adopt-rosters.js";
import { AuditLog } from "@fedbaps/coordinator/audit/audit-log.js";
import type { Change } from "@fedbaps/coordinator/live-feed.js";
import { RosterRepository } from "@fedbaps/coordinator/store/roster-repository.js";
import { signRoster } from "@fedbaps/core/secagg/roster.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "kysely";
import {
  coordinatorKey,
  exported,
  fillAudit,
  lead,
  members,
  openAudit,
  signedRoster,
} from "../../support/sample-audit.js";

let open: Awaited<ReturnType<typeof openAudit>>;
beforeAll(async () => {
  open = await openAudit();
});
afterAll(() => open.close());

describe("the audit log", () => {
  it("begins empty, with a signed head", async () => {
    expect(await open.audit.head()).toMatchObject({ seq: 0 });
    expect(await open.audit.verify()).toMatchObject({ ok: true, records: 0, problem: null });
  });

  it("makes one chain of what many append at once, also through another coordinator on the same database", async () => {
    const other = new AuditLog({ db: open.db, key: coordinatorKey, clock: open.clock, feed: open.feed });
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? open.audit : other).record({ actor: "coordinator", action: "lease.taken", details: { i } }),
      ),
    );
    const { records, next } = await open.audit.page(0, 100);
    expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(new Set(records.map(({ details }) => details.i)).size).toBe(40);
    expect(next).toBeNull();
    expect(await other.verify()).toMatchObject({ ok: true, records: 40 });
  });

  it("records with the change that it tells, or not at all, and tells who watches after the commit only", async () => {
    const before = (await open.audit.head()).seq;
    const changes: Change[] = [];
    const stop = open.feed.subscribe((change) => changes.push(change));
    const failed = open.audit.within(async (transaction) => {
      await open.audit.record({ actor: "coordinator", action: "study.paused", study: "liver" }, transaction);
      throw new Error("the change failed");
    });
    await expect(failed).rejects.toThrow("the change failed");
    expect((await open.audit.head()).seq).toBe(before);
    expect(changes).toEqual([]);
    await open.audit.within(async () => ({
      result: 1,
      entry: { actor: "coordinator", action: "study.paused", study: "liver", details: { reason: "NO_ROSTER" } },
    }));
    await open.audit.within(async () => ({ result: 1, entry: undefined }));
    expect(changes).toEqual([{ kind: "audit" }]);
    expect((await open.audit.head()).seq).toBe(before + 1);
    stop();
  });

  it.each([
    ["a sentence", { actor: "coordinator", details: { title: "a study of livers" } }],
    ["a sentence deep inside", { actor: "coordinator", details: { a: [{ b: "two words" }] } }],
    ["what cannot be written as JSON", { actor: "coordinator", details: { a: Number.NaN } }],
    ["an actor of another form", { actor: "Dr Smith" }],
  ])("refuses %s", async (_, entry) => {
    const before = await open.audit.head();
    await expect(open.audit.record({ action: "study.created", ...entry })).rejects.toThrow(TypeError);
    expect((await open.audit.head()).hash).toBe(before.hash);
  });

  it("gives its records in pages, of one study where that is asked", async () => {
    await fillAudit(open.audit);
    const first = await open.audit.page(0, 10);
    expect(first).toMatchObject({ next: 10 });
    const rest = await open.audit.page(10, 500);
    expect(rest.next).toBeNull();
    expect(first.records.length + rest.records.length).toBe((await open.audit.head()).seq);
    const liver = await open.audit.page(0, 500, "liver");
    expect(liver.records.every(({ study }) => study === "liver")).toBe(true);
    expect(liver.records.length).toBeGreaterThan(5);
    expect(await exported(open.audit)).toHaveLength((await open.audit.head()).seq + 1);
  });

  it("takes in, once, the rosters that were signed before there was a log", async () => {
    const { audit, db, close } = await openAudit();
    await adoptRosters(audit, db);
    expect(await audit.head()).toMatchObject({ seq: 0 });
    const second = signRoster(members.slice(1), lead, signedRoster.roster);
    for (const signed of [signedRoster, second]) await new RosterRepository(db).add(signed, 1);
    await Promise.all([adoptRosters(audit, db), adoptRosters(audit, db)]);
    const { records } = await audit.page(0, 10);
    expect(records).toMatchObject([
      { actor: "lead", action: "roster.signed", details: { version: 1 } },
      { actor: "lead", action: "roster.signed", details: { version: 2, signed: second } },
    ]);
    expect(await audit.verify()).toMatchObject({ ok: true, records: 2 });
    await close();
  });

  it("finds what was changed in its tables", async () => {
    const { audit, db } = open;
    const { seq } = await audit.head();
    expect(await audit.verify()).toMatchObject({ ok: true, records: seq });
    const tampering: [string, string, object][] = [
      [
        "update audit set actor = 'lead' where seq = 7",
        "update audit set actor = 'coordinator' where seq = 7",
        { seq: 7, code: "CHANGED" },
      ],
      [
        "update audit set details = 'oops' where seq = 9",
        `update audit set details = (select details from keep where seq = 9) where seq = 9`,
        { seq: 9, code: "CHANGED" },
      ],
      [
        "delete from audit where seq = 11",
        "insert into audit select * from keep where seq = 11",
        { seq: 11, code: "MISSING" },
      ],
      [
        `delete from audit where seq > ${seq - 2}`,
        `insert into audit select * from keep where seq > ${seq - 2}`,
        { seq: seq - 1, code: "TRUNCATED" },
      ],
    ];
    await sql`create table keep as select * from audit`.execute(db);
    for (const [harm, mend, problem] of tampering) {
      await sql.raw(harm).execute(db);
      expect(await audit.verify()).toMatchObject({ ok: false, problem });
      await sql.raw(mend).execute(db);
      expect(await audit.verify()).toMatchObject({ ok: true });
    }
  });
});
