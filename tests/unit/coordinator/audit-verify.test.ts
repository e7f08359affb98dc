import { rosterSignedDetails } from "@fedbaps/coordinator/audit/evidence.js";
import { type AuditHead, type AuditRecord, recordHash, signHead } from "@fedbaps/coordinator/audit/record.js";
import { type VerifyOptions, verifyAudit } from "@fedbaps/coordinator/audit/verify.js";
import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { createIdentity, fingerprint } from "@fedbaps/core/secagg/keys.js";
import { signRoster } from "@fedbaps/core/secagg/roster.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { seededBytes } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";
import {
  coordinatorKey,
  exported,
  fillAudit,
  lead,
  members,
  openAudit,
  signedRoster,
  stream,
} from "../../support/sample-audit.js";

let records: AuditRecord[];
let head: AuditHead;
beforeAll(async () => {
  const { audit, close } = await openAudit();
  await fillAudit(audit);
  const lines = await exported(audit);
  await close();
  head = (lines.pop() as { head: AuditHead }).head;
  records = lines as AuditRecord[];
});

const verifyLines = (lines: readonly unknown[], options?: VerifyOptions) => verifyAudit(stream(lines), options);
const whole = () => [...records, { head }];
const at = (seq: number) => records[seq - 1];
/** A record with another text and the hash that belongs to it. */
const rehashed = (record: AuditRecord, change: Partial<AuditRecord>) => {
  const changed = { ...record, ...change };
  return { ...changed, hash: recordHash(changed) };
};
/** The chain from `seq` on, written anew over a changed record, as whoever owns the database can do it. */
function rewritten(seq: number, change: Partial<AuditRecord>): AuditRecord[] {
  const chain = records.slice(0, seq - 1);
  for (const record of records.slice(seq - 1)) {
    const previous = chain.at(-1)?.hash ?? record.previous;
    chain.push(rehashed(record, { previous, ...(record.seq === seq ? change : {}) }));
  }
  return chain;
}
const signed = ({ seq, hash }: AuditRecord) => ({ head: signHead({ seq, hash, at: 5 }, coordinatorKey) });
const anySeq = () => fc.integer({ min: 1, max: records.length });

describe("verification of an export", () => {
  it("accepts an untouched log, and says how far it goes", async () => {
    const options = { fingerprint: fingerprint(toBase64(coordinatorKey.publicKey)), keptHead: signed(at(4)).head };
    expect(await verifyLines(whole(), options)).toEqual({ ok: true, records: records.length, head, problem: null });
    expect(await verifyLines(whole(), { keptHead: at(9).hash })).toMatchObject({ ok: true });
  });

  it("names the first record of which any field was changed", async () => {
    const changes: ((record: AuditRecord, text: string) => object)[] = [
      (record) => ({ at: record.at + 1 }),
      (record) => ({ actor: record.actor === "lead" ? "coordinator" : "lead" }),
      (record) => ({ action: record.action === "site.revoked" ? "site.approved" : "site.revoked" }),
      (record) => ({ study: record.study === "liver" ? null : "liver" }),
      (record) => ({ site: record.site === "north" ? null : "north" }),
      (record, text) => ({ details: { ...record.details, more: text } }),
      (record) => ({ previous: record.hash }),
      (record) => ({ hash: record.previous }),
      (record) => ({ seq: record.seq + 1 }),
    ];
    await fc.assert(
      fc.asyncProperty(
        anySeq(),
        fc.constantFrom(...changes),
        fc.stringMatching(/^[!-~]{0,9}$/),
        async (seq, change, text) => {
          const lines: object[] = whole();
          lines[seq - 1] = { ...at(seq), ...change(at(seq), text) };
          const report = await verifyLines(lines);
          expect(report).toMatchObject({ ok: false, records: seq - 1, problem: { seq, code: "CHANGED" } });
        },
      ),
    );
  });

  it("names a changed record that was given a fitting hash by the one after it, also the last", async () => {
    await fc.assert(
      fc.asyncProperty(anySeq(), async (seq) => {
        const lines: object[] = whole();
        lines[seq - 1] = rehashed(at(seq), { at: at(seq).at + 1 });
        expect(await verifyLines(lines)).toMatchObject({ ok: false, problem: { seq, code: "CHANGED" } });
      }),
    );
  });

  it("names the first record that was removed, also from the end", async () => {
    await fc.assert(
      fc.asyncProperty(anySeq(), fc.integer({ min: 1, max: 4 }), async (seq, count) => {
        const lines = whole();
        lines.splice(seq - 1, Math.min(count, records.length - seq + 1));
        const code = seq + count > records.length ? "TRUNCATED" : "MISSING";
        expect(await verifyLines(lines)).toMatchObject({ ok: false, records: seq - 1, problem: { seq, code } });
      }),
    );
  });

  it("names the first record that is not in its place", async () => {
    await fc.assert(
      fc.asyncProperty(anySeq(), anySeq(), async (a, b) => {
        fc.pre(a !== b);
        const lines = whole();
        [lines[a - 1], lines[b - 1]] = [lines[b - 1], lines[a - 1]];
        expect(await verifyLines(lines)).toMatchObject({ problem: { seq: Math.min(a, b), code: "REORDERED" } });
      }),
    );
  });

  it("names a record that is there twice", async () => {
    await fc.assert(
      fc.asyncProperty(anySeq(), anySeq(), async (a, b) => {
        const [seq, after] = [Math.min(a, b), Math.max(a, b)];
        const lines = whole();
        lines.splice(after, 0, at(seq));
        expect(await verifyLines(lines)).toMatchObject({ records: after, problem: { seq, code: "DUPLICATE" } });
      }),
    );
  });

  it("finds an export that was cut anywhere", async () => {
    for (let length = 0; length <= records.length; length++)
      expect(await verifyLines(records.slice(0, length))).toMatchObject({
        ok: false,
        problem: { seq: length + 1, code: "TRUNCATED" },
      });
  });

  it("finds what is no record", async () => {
    for (const rubbish of [undefined, 7, "text", {}, { ...at(3), more: 1 }, { head: { ...head, seq: -1 } }]) {
      const lines: unknown[] = whole();
      lines[2] = rubbish;
      expect(await verifyLines(lines)).toMatchObject({ problem: { seq: 3, code: "MALFORMED" } });
    }
  });
});

describe("a log that was written anew with all its hashes", () => {
  it("does not fit the head that it was exported with", async () => {
    for (const seq of [1, 5, records.length])
      expect(await verifyLines([...rewritten(seq, { at: 1 }), { head }])).toMatchObject({
        ok: false,
        problem: { code: "CHANGED" },
      });
  });

  it("is found by a kept head even where the coordinator signs it again", async () => {
    const forged = rewritten(5, { at: 1 });
    const lines = [...forged, signed(forged[forged.length - 1])];
    expect(await verifyLines(lines)).toMatchObject({ ok: true });
    expect(await verifyLines(lines, { keptHead: signed(at(8)).head })).toMatchObject({
      problem: { seq: 8, code: "CHANGED" },
    });
    expect(await verifyLines(lines, { keptHead: at(8).hash })).toMatchObject({ problem: { code: "TRUNCATED" } });
    expect(await verifyLines(lines, { keptHead: signed(at(3)).head })).toMatchObject({ ok: true });
  });

  it("is found by a kept head where the coordinator cut it and signed again", async () => {
    const lines = [...records.slice(0, 6), signed(at(6))];
    expect(await verifyLines(lines)).toMatchObject({ ok: true, records: 6 });
    const cut = { ok: false, problem: { seq: 7, code: "TRUNCATED" } };
    expect(await verifyLines(lines, { keptHead: head })).toMatchObject(cut);
    expect(await verifyLines(lines, { keptHead: head.hash })).toMatchObject(cut);
  });

  it.each([
    ["of a changed text", () => ({ ...head, at: head.at + 1 })],
    ["with another's signature", () => ({ ...head, signature: signed(at(1)).head.signature })],
    ["signed by another coordinator", () => signHead(head, lead)],
    ["that counts less than is there", () => signed(at(6)).head],
  ])("has no use of a head %s", async (_, forge) => {
    expect(await verifyLines([...records, { head: forge() }])).toMatchObject({ problem: { code: "BAD_HEAD" } });
  });

  it("is not that of the coordinator whose fingerprint was given", async () => {
    const other = fingerprint(toBase64(lead.publicKey));
    expect(await verifyLines(whole(), { fingerprint: other })).toMatchObject({ problem: { code: "BAD_HEAD" } });
    const kept = signHead({ seq: 3, hash: at(3).hash, at: 5 }, lead);
    expect(await verifyLines(whole(), { keptHead: { ...kept, seq: 999 } })).toMatchObject({
      problem: { code: "BAD_HEAD" },
    });
  });
});

describe("what other keys vouch for, in a chain that the coordinator wrote as it likes", () => {
  const place = (action: string) => records.find((record) => record.action === action)!.seq;
  const lying = async (seq: number, details: AuditRecord["details"]) => {
    const chain = rewritten(seq, { details });
    return (await verifyLines([...chain, signed(chain[chain.length - 1])])).problem;
  };
  // biome-ignore lint/suspicious/noExplicitAny: details are changed in every way that JSON allows.
  const changed = (seq: number, change: (details: any) => void) => {
    const details = structuredClone(at(seq).details);
    change(details);
    return lying(seq, details);
  };

  it("finds receipts that were changed, invented, doubled, left out, or of another sum", async () => {
    const seq = place("round.completed");
    const bad = { seq, code: "BAD_RECEIPT" };
    const second = records.filter(({ action }) => action === "round.completed")[1];
    expect(second.seq).toBeGreaterThan(seq);
    for (const change of [
      (d) => d.receipts.splice(0, 2),
      (d) => d.receipts.push(d.receipts[0]),
      (d) => {
        d.receipts[0].site = d.receipts[1].site;
      },
      (d) => {
        d.receipts[0].signature = d.receipts[1].signature;
      },
      (d) => {
        d.survivors.pop();
      },
      (d) => {
        d.dropped = [d.survivors.pop()];
      },
      (d) => {
        d.cohort.studyHash = "00".repeat(32);
      },
      (d) => {
        d.cohort.reference.attempt = 2;
      },
      (d) => {
        d.round = 9;
      },
      (d) => {
        d.protocol -= 1;
      },
      (d) => {
        d.receipts = (second.details as typeof d).receipts;
      },
      (d) => {
        delete d.cohort;
      },
      // biome-ignore lint/suspicious/noExplicitAny: see above.
    ] as ((details: any) => void)[])
      expect(await changed(seq, change)).toMatchObject(bad);
    expect(await changed(second.seq, (d) => d.survivors.push(d.dropped[0]))).toMatchObject({
      seq: second.seq,
      code: "BAD_RECEIPT",
    });
  });

  it("finds a cohort that no roster of the lead names with these keys", async () => {
    const seq = place("round.completed");
    const stranger = createIdentity("stranger", seededBytes(99));
    const bad = { seq, code: "BAD_ROSTER" };
    expect(
      await changed(seq, (d) => {
        d.cohort.members[0].signKey = toBase64(stranger.sign.publicKey);
      }),
    ).toMatchObject(bad);
    expect(
      await changed(seq, (d) => {
        d.cohort.rosterHash = "00".repeat(32);
      }),
    ).toMatchObject(bad);
  });

  it("finds a roster that the lead did not sign, or another lead's in its place", async () => {
    const seq = place("roster.signed");
    const bad = { seq, code: "BAD_ROSTER" };
    const coordinators = signRoster(members, coordinatorKey);
    expect(await lying(seq, rosterSignedDetails({ ...signedRoster, signature: coordinators.signature }))).toMatchObject(
      bad,
    );
    expect(await lying(seq, {})).toMatchObject(bad);
    // With a lead of its own invention, the cohorts do not fit.
    expect(await lying(seq, rosterSignedDetails(coordinators))).toMatchObject({ code: "BAD_ROSTER" });
  });
});
