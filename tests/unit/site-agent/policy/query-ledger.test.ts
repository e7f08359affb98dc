import { appendFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalTime } from "@fedbaps/site-agent/policy/local-time.js";
import { QueryLedger } from "@fedbaps/site-agent/policy/query-ledger.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

removeTemporaryFolders();

const BERLIN = new LocalTime("Europe/Berlin");
const NOON = Date.parse("2026-11-28T11:00:00Z");

async function ledgers(count: number, start = NOON) {
  const folder = join(await temporaryFolder(), "queries");
  const clock = { now: start };
  const made = Array.from({ length: count }, () => new QueryLedger({ folder, time: BERLIN, now: () => clock.now }));
  return { folder, clock, made };
}

describe("the queries of a day", () => {
  it("are counted over several programs, and never go over the limit", async () => {
    const { made } = await ledgers(4);
    const booked = await Promise.all(Array.from({ length: 100 }, (_, i) => made[i % made.length].book(3, 100)));
    const taken = booked.filter((booking) => booking !== undefined).length * 3;
    expect(taken).toBeLessThanOrEqual(100);
    for (const ledger of made) expect(await ledger.today()).toBe(taken);
    // Where nobody else books at the same moment, what is left can be had.
    let [more, left] = [0, taken];
    while (left + 3 <= 100) {
      more += (await made[0].book(3, 100)) ? 3 : 0;
      left += 3;
    }
    expect(taken + more).toBe(99);
  });

  it("are there after the program, also those whose answer nobody waited for", async () => {
    const { made } = await ledgers(2);
    await made[0].book(8, 10);
    expect(await made[1].book(8, 10)).toBeUndefined();
    expect(await made[1].today()).toBe(8);
  });

  it("do not count when no answer came", async () => {
    const { made } = await ledgers(1);
    const booking = await made[0].book(10, 10);
    await made[0].cancel(booking!);
    expect(await made[0].today()).toBe(0);
    expect(await made[0].book(10, 10)).toBeDefined();
  });

  it("begin anew at midnight of the place; what is taken back then belongs to yesterday", async () => {
    const { made, clock } = await ledgers(1, Date.parse("2026-11-28T22:59:59Z"));
    const yesterday = await made[0].book(10, 10);
    expect(await made[0].book(1, 10)).toBeUndefined();
    clock.now += 1000;
    expect(await made[0].today()).toBe(0);
    await made[0].cancel(yesterday!);
    expect(await made[0].book(10, 10)).toMatchObject({ day: "2026-11-29" });
    expect(await made[0].book(1, 10)).toBeUndefined();
  });

  it("survive a line that a loss of power cut off, and what is no line at all", async () => {
    const { made, folder } = await ledgers(3);
    await made[0].book(5, 100);
    await appendFile(join(folder, "2026-11-28.jsonl"), '\n{"at":1,"que');
    expect(await made[1].today()).toBe(5);
    await made[1].book(6, 100);
    expect(await made[2].today()).toBe(11);
    expect(await made[0].today()).toBe(11);
  });

  it("are kept for a month", async () => {
    const { made, folder } = await ledgers(1);
    await made[0].book(1, 100);
    for (let day = 1; day <= 31; day++)
      await writeFile(join(folder, `2026-08-${String(day).padStart(2, "0")}.jsonl`), "");
    await writeFile(join(folder, "notes.txt"), "");
    const fresh = new QueryLedger({ folder, time: BERLIN, now: () => NOON });
    await fresh.book(1, 100);
    const names = await readdir(folder);
    expect(names).toHaveLength(32);
    expect(names).not.toContain("2026-08-01.jsonl");
    expect(names).toContain("2026-11-28.jsonl");
  });
});
