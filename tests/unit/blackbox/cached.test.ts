import { readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AnswerCache, answerKey } from "@fedbaps/core/blackbox/answer-cache.js";
import { CachedModel } from "@fedbaps/core/blackbox/cached.js";
import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";
import { sameBits } from "../../support/numbers.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const picture = (level: number, width = 4): Image => ({
  data: new Float32Array(width * 4 * 3).fill(level),
  width,
  height: 4,
  channels: 3,
});
const click = (x = 1, label: 0 | 1 = 1): Prompt => ({ points: [{ x, y: 2, label }] });
const MEGABYTE = 2 ** 20;

let folder = "";
beforeEach(async () => {
  folder = join(await temporaryFolder(), "answers");
});

function make(init: { memoryBytes?: number; folder?: string; diskBytes?: number } = {}) {
  const model = new FakeModel();
  const meter = new QueryMeter(1000, new FakeClock());
  const cache = new AnswerCache({ memoryBytes: MEGABYTE, ...init });
  return { model, meter, cache, cached: new CachedModel(new MeteredModel(model, meter, "report"), cache) };
}

describe("a black box with a memory", () => {
  it("is asked each question once, gives the same bits again, and spends nothing on it", async () => {
    const { model, meter, cached } = make();
    const images = [picture(10), picture(20), picture(30)];
    const prompts = [click(0), click(1), click(2)];
    const first = await cached.segment(images, prompts);
    const again = await cached.segment([...images].reverse(), [...prompts].reverse());
    expect([model.queries, meter.spent]).toEqual([3, 3]);
    for (const [i, map] of [...again].reverse().entries()) expect(sameBits(map.data, first[i].data)).toBe(true);
  });

  it("asks about what is new among what is known, in order, and about twins in one call once", async () => {
    const { model, cached } = make();
    await cached.segment([picture(10)], [click()]);
    const maps = await cached.segment(
      [picture(40), picture(10), picture(50), picture(40)],
      [click(), click(), click(), click()],
    );
    expect(model.calls.map(({ images }) => images.map(({ data }) => data[0]))).toEqual([[10], [40, 50]]);
    expect(maps.map(({ data }) => Math.round(data[5] * 1000))).toEqual(
      (
        await new FakeModel().segment([picture(40), picture(10), picture(50), picture(40)], new Array(4).fill(click()))
      ).map(({ data }) => Math.round(data[5] * 1000)),
    );
    // Each has a map of its own.
    maps[0].data.fill(9);
    expect(maps[3].data[0]).not.toBe(9);
    const [kept] = await cached.segment([picture(40)], [click()]);
    expect(kept.data[0]).not.toBe(9);
  });

  it("tells apart pictures, sizes, prompts and black boxes", () => {
    const box = { left: 0, top: 0, right: 2, bottom: 2 };
    const keys = [
      answerKey("a", picture(1), click()),
      answerKey("b", picture(1), click()),
      answerKey("a", picture(2), click()),
      answerKey("a", picture(1, 8), click()),
      answerKey("a", { ...picture(1), width: 2, height: 8 }, click()),
      answerKey("a", picture(1), click(1, 0)),
      answerKey("a", picture(1), click(2)),
      answerKey("a", picture(1), { points: [...click().points, ...click().points] }),
      answerKey("a", picture(1), { ...click(), box }),
      answerKey("a", picture(1), { points: [], box }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(answerKey("a", picture(1), click())).toBe(keys[0]);
  });

  it("keeps what was answered before a failure", async () => {
    const { model, meter, cached } = make();
    model.before = (call) => {
      if (call === 2) throw new Error("down");
    };
    const images = Array.from({ length: 16 }, (_, i) => picture(i));
    await expect(cached.segment(images, new Array(16).fill(click()))).rejects.toThrow("down");
    model.before = () => {};
    await cached.segment(images, new Array(16).fill(click()));
    expect(meter.spent).toBe(16);
  });

  it("forgets what was used longest ago when its memory is full", async () => {
    // An answer has 4 x 4 numbers of 4 bytes.
    const { meter, cached } = make({ memoryBytes: 3 * 64 });
    for (const level of [1, 2, 3, 1, 4]) await cached.segment([picture(level)], [click()]);
    expect(meter.spent).toBe(4);
    await cached.segment([picture(1)], [click()]);
    expect(meter.spent).toBe(4);
    await cached.segment([picture(2)], [click()]);
    expect(meter.spent).toBe(5);
  });
});

describe("a memory on disk", () => {
  const one = async (init: Parameters<typeof make>[0], level = 7) => {
    const made = make({ folder, ...init });
    const [map] = await made.cached.segment([picture(level)], [click()]);
    return { ...made, map };
  };

  it("outlives the process, for its owner's eyes only", async () => {
    const first = await one({});
    const second = await one({});
    expect([first.meter.spent, second.meter.spent]).toEqual([1, 0]);
    expect(sameBits(first.map.data, second.map.data)).toBe(true);
    const names = await readdir(folder);
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^[0-9a-f]{64}\.answer$/);
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ["cut off", (file) => truncate(file, 60)],
    ["empty", (file) => truncate(file, 0)],
    [
      "altered",
      async (file) => {
        const bytes = await readFile(file);
        bytes[bytes.length - 1] ^= 1;
        await writeFile(file, bytes);
      },
    ],
    [
      "of another size than it says",
      async (file) => {
        const bytes = await readFile(file);
        bytes.writeUInt32LE(5, 4);
        await writeFile(file, bytes);
      },
    ],
  ])("takes a file that was %s for no answer", async (_, damage) => {
    const { map } = await one({});
    await damage(join(folder, (await readdir(folder))[0]));
    const again = await one({});
    expect(again.meter.spent).toBe(1);
    expect(sameBits(again.map.data, map.data)).toBe(true);
    expect((await one({})).meter.spent).toBe(0);
  });

  it("keeps its limit: what was used longest ago goes", async () => {
    const bytes = 44 + 4 + 64;
    for (let level = 1; level <= 4; level++) {
      await one({}, level);
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        // Older by a second for every round that it was not touched in.
        const back = new Date(Date.now() - 10_000 + level * 1000);
        if ((await readFile(file)).length > 0 && level < 4) await utimes(file, back, back);
      }
    }
    await one({ diskBytes: 3 * bytes }, 5);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(3);
    expect((await one({ diskBytes: 3 * bytes }, 5)).meter.spent).toBe(0);
  });

  it("that cannot be written to costs queries, not the run", async () => {
    await writeFile(folder, "a file where the folder should be");
    const { meter, cached } = await one({});
    await cached.segment([picture(7)], [click()]);
    expect(meter.spent).toBe(1);
  });
});
