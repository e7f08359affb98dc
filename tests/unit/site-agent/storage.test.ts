import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Journal } from "@fedbaps/site-agent/journal.js";
import { readVectors, writeVectors } from "@fedbaps/site-agent/vector-file.js";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const entry = z.strictObject({ n: z.number() });

async function journalOf(...numbers: number[]): Promise<string> {
  const file = join(await temporaryFolder(), "journal.jsonl");
  const journal = await Journal.open(file, entry);
  for (const n of numbers) await journal.append({ n });
  return file;
}

describe("the journal", () => {
  it("gives back what was written, in order, also from appends at the same time", async () => {
    const file = await journalOf(1);
    const journal = await Journal.open(file, entry);
    await Promise.all([2, 3, 4].map((n) => journal.append({ n })));
    expect((await Journal.open(file, entry)).entries).toEqual([1, 2, 3, 4].map((n) => ({ n })));
  });

  it("drops a last record that was cut off at any byte, and goes on after it", async () => {
    const whole = await readFile(await journalOf(1, 2));
    const second = whole.subarray(0, -1).lastIndexOf("\n") + 1;
    for (let size = second; size < whole.length; size++) {
      const file = await journalOf(1, 2);
      await truncate(file, size);
      const journal = await Journal.open(file, entry);
      expect(journal.entries).toEqual([{ n: 1 }]);
      await journal.append({ n: 3 });
      expect((await Journal.open(file, entry)).entries).toEqual([{ n: 1 }, { n: 3 }]);
    }
  });

  it("only looks where it is asked to read", async () => {
    const file = await journalOf(1);
    await appendFile(file, "half a rec");
    const before = await readFile(file, "utf8");
    expect(await Journal.read(file, entry)).toEqual([{ n: 1 }]);
    expect(await readFile(file, "utf8")).toBe(before);
  });

  it.each([
    ["a changed figure", (text: string) => text.replace('"n":2', '"n":7')],
    ["a changed checksum", (text: string) => text.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))],
    ["a line of rubbish", (text: string) => `${text}rubbish\n`],
  ])("refuses %s, naming the line", async (_, damage) => {
    const file = await journalOf(1, 2, 3);
    await writeFile(file, damage(await readFile(file, "utf8")));
    await expect(Journal.open(file, entry)).rejects.toMatchObject({
      code: "JOURNAL_DAMAGED",
      message: expect.stringMatching(/line \d/),
    });
  });
});

describe("a vector file", () => {
  const meta = z.object({ step: z.number() });

  it("gives back every bit", async () => {
    const file = join(await temporaryFolder(), "step.bin");
    const vectors = [new Float32Array([1.5, -0, 3e-45, Number.NaN]), new Float32Array(0)];
    await writeVectors(file, { step: 3 }, vectors);
    expect(await readVectors(file, meta)).toEqual({ meta: { step: 3 }, vectors });
  });

  it("counts as missing when it is cut off or changed anywhere", async () => {
    const file = join(await temporaryFolder(), "step.bin");
    expect(await readVectors(file, meta)).toBeUndefined();
    await writeVectors(file, { step: 3 }, [new Float32Array([1, 2])]);
    const whole = await readFile(file);
    for (let i = 0; i < whole.length; i++) {
      const changed = Buffer.from(whole);
      changed[i] ^= 1;
      await writeFile(file, changed);
      expect(await readVectors(file, meta)).toBeUndefined();
      await writeFile(file, whole.subarray(0, i));
      expect(await readVectors(file, meta)).toBeUndefined();
    }
  });
});
