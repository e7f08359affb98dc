import { appendFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { Journal } from "@fedbaps/site-agent/journal.js";
import { readJson } from "@fedbaps/site-agent/json-file.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { readVectors, writeVectors } from "@fedbaps/site-agent/vector-file.js";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const entry = z.strictObject({ n: z.number() });

const lineOf = (value: unknown) => {
  const json = JSON.stringify(value);
  return `${sha256Hex("fedbaps/journal/1", json).slice(0, 16)} ${json}\n`;
};

/** A journal of records as some version of the program wrote them. */
async function fileOf(...values: unknown[]): Promise<string> {
  const file = join(await temporaryFolder(), "journal.jsonl");
  await writeFile(file, values.map(lineOf).join(""));
  return file;
}

describe("a journal of another version", () => {
  it("is read and continued where it is the first one, which had no header", async () => {
    const file = await fileOf({ n: 1 }, { n: 2 });
    await (await Journal.open(file, entry)).append({ n: 3 });
    expect(await Journal.read(file, entry)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it.each([
    ["a newer format", [{ format: "fedbaps-journal/2" }, { n: "other" }]],
    ["records that are not known", [{ format: "fedbaps-journal/1" }, { n: 1 }, { n: 1, more: true }]],
  ])("is refused for %s, in one line, and left as it is", async (_, values) => {
    const file = await fileOf(...values);
    await appendFile(file, "a last record that was cut o");
    const before = await readFile(file);
    for (const read of [Journal.open(file, entry), Journal.read(file, entry)])
      await expect(read).rejects.toMatchObject({
        code: "HOME_NEWER",
        message: expect.stringMatching(/^[^\n]*update[^\n]*nothing was changed$/),
      });
    expect(await readFile(file)).toEqual(before);
  });

  it("is told from one that is damaged", async () => {
    const file = await fileOf({ format: "fedbaps-journal/1" }, { n: 1 });
    await writeFile(file, (await readFile(file, "utf8")).replace("journal/1", "journal/2"));
    await expect(Journal.open(file, entry)).rejects.toMatchObject({ code: "JOURNAL_DAMAGED" });
  });
});

describe("a journal that somebody else touches while it is open", () => {
  const opened = async () => {
    const file = await fileOf({ n: 1 });
    return { file, journal: await Journal.open(file, entry) };
  };

  it("is not begun anew when it was deleted: what went before would be missing", async () => {
    const { file, journal } = await opened();
    await rm(file);
    await expect(journal.append({ n: 2 })).rejects.toMatchObject({ code: "HOME_GONE" });
    await expect(stat(file)).rejects.toThrow();
  });

  it("is not written to when another process has written", async () => {
    const { file, journal } = await opened();
    await appendFile(file, lineOf({ n: 9 }));
    const before = await readFile(file);
    await expect(journal.append({ n: 2 })).rejects.toMatchObject({ code: "HOME_CHANGED" });
    expect(await readFile(file)).toEqual(before);
    expect(journal.entries).toEqual([{ n: 1 }]);
  });
});

it("refuses other files of a newer version by what they say of themselves", async () => {
  const folder = await temporaryFolder();
  const json = join(folder, "approvals.json");
  const schema = z.strictObject({ format: z.literal("fedbaps-approvals/1") });
  await writeFile(json, JSON.stringify({ format: "fedbaps-approvals/2", decisions: {} }));
  await expect(readJson(json, schema)).rejects.toMatchObject({ code: "HOME_NEWER" });
  await writeFile(json, JSON.stringify({ format: "fedbaps-approvals/1", decisions: {} }));
  await expect(readJson(json, schema)).rejects.toMatchObject({ code: "HOME_DAMAGED" });

  const vectors = join(folder, "step.bin");
  await writeVectors(vectors, {}, [new Float32Array(2)]);
  const bytes = Buffer.from(await readFile(vectors));
  bytes.write("FBV2", 0, "latin1");
  await writeFile(vectors, bytes);
  expect(await readVectors(vectors, z.object({}))).toBeUndefined();
  Buffer.from(sha256Hex(bytes.subarray(0, -32)), "hex").copy(bytes, bytes.length - 32);
  await writeFile(vectors, bytes);
  await expect(readVectors(vectors, z.object({}))).rejects.toMatchObject({ code: "HOME_NEWER" });
});

describe("a home that is deleted while its agent runs", () => {
  it("is not made anew by half, and the line says so", async () => {
    const home = new Home(join(await temporaryFolder(), "home"));
    await home.create();
    const hash = "a".repeat(64);
    const store = await StudyStore.open(home, "study", hash);
    await rm(home.folder, { recursive: true });
    const meter = { train: 0, validate: 0, report: 0, seconds: 0, failures: 0, latency: {} };
    const state = { step: 1, theta: new Float32Array(2), moments: [] };
    for (const write of [
      store.record({ kind: "spent", meter }),
      store.saveStep({ round: 1, state, lossSum: 0, lossCount: 0, meter }),
      store.savePartial({ on: "test", version: 0 }, [], meter),
      store.saveVersion(1, new Float32Array(2)),
      StudyStore.open(home, "other", hash),
    ])
      await expect(write).rejects.toMatchObject({
        code: "HOME_GONE",
        message: expect.stringMatching(
          /^cannot write [^\n]*: it is not there any more; put it back or mount its disk$/,
        ),
      });
    await expect(stat(home.folder)).rejects.toThrow();
  });
});
