import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { messageBytes, readSent, SentCounts } from "@fedbaps/site-agent/sent-counts.js";
import { describe, expect, it } from "@jest/globals";
import { Encoder, PacketType } from "socket.io-parser";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const reference = { study: "lesions", round: 1, attempt: 0 };
const still: Clock = { now: () => 0, after: () => () => {} };

async function home(): Promise<Home> {
  const made = new Home(await temporaryFolder());
  await mkdir(made.study("lesions"), { recursive: true });
  return made;
}

describe("messageBytes", () => {
  it.each([
    ["progress", { reference, stepsDone: 3, queries: 12 }],
    ["reply", { phase: "maskedInput", reference, vector: new Uint8Array(5000) }],
    [
      "reply",
      { phase: "shareKeys", reference, shares: [{ to: "bb", box: Buffer.alloc(90) }, { box: new Uint8Array(9) }] },
    ],
    ["report", { study: "lesions", title: "Läsionen" }],
  ])("is what Socket.IO writes for %s, but for a few bytes of its frame", (event, message) => {
    const packets = new Encoder().encode({ type: PacketType.EVENT, data: [event, message], nsp: "/", id: 7 });
    const written = packets.reduce((sum, part) => sum + Buffer.byteLength(part as string | Buffer), 0);
    expect(Math.abs(written - messageBytes(event, message))).toBeLessThan(8);
  });
});

describe("SentCounts", () => {
  it("counts by study and kind, over restarts, and keeps nothing of the messages", async () => {
    const at = await home();
    const first = new SentCounts({ home: at, clock: still });
    first.note("progress", { reference, queries: 1 });
    first.note("progress", { reference, queries: 2 });
    first.note("reply", { phase: "training", reference, queries: 5 });
    first.note("approvals", { hashes: ["x"] });
    first.note("failure", { study: "../etc", stage: "training", code: "X" });
    await first.flush();
    const second = new SentCounts({ home: at, clock: still });
    second.note("progress", { reference, queries: 3 });
    await second.flush();
    second.note("report", { study: "lesions", deployed: true });
    await second.flush();
    const each = messageBytes("progress", { reference, queries: 1 });
    expect(await readSent(at, "lesions")).toEqual({
      progress: { messages: 3, bytes: 3 * each },
      "reply/training": { messages: 1, bytes: messageBytes("reply", { phase: "training", reference, queries: 5 }) },
      report: { messages: 1, bytes: messageBytes("report", { study: "lesions", deployed: true }) },
    });
    expect(await readFile(join(at.study("lesions"), "sent.json"), "utf8")).not.toMatch(/queries|deployed/);
  });

  it("never fails: a study without a folder, damaged counts", async () => {
    const at = await home();
    await writeFile(join(at.study("lesions"), "sent.json"), "{");
    const counts = new SentCounts({ home: at, clock: still });
    counts.note("failure", { study: "unknown", stage: "recruiting", code: "NOT_APPROVED" });
    counts.note("history", { study: "lesions", after: 0 });
    await counts.flush();
    expect(await readSent(at, "unknown")).toBeUndefined();
    expect(await readSent(at, "lesions")).toMatchObject({ history: { messages: 1 } });
  });
});
