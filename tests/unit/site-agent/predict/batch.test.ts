import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BlackBoxError } from "@fedbaps/core/blackbox/model.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { writePng } from "@fedbaps/core/image/write.js";
import { AgentError } from "@fedbaps/site-agent/errors.js";
import { Batch, type BatchInit } from "@fedbaps/site-agent/predict/batch.js";
import { Ledger } from "@fedbaps/site-agent/predict/ledger.js";
import type { Predictor, Question } from "@fedbaps/site-agent/predict/predictor.js";
import type { Task } from "@fedbaps/site-agent/predict/task.js";
import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

removeTemporaryFolders();

/** Pictures of one grey level each, 20 x 10. */
async function pictures(...levels: number[]): Promise<{ folder: string; tasks: Task[] }> {
  const folder = await temporaryFolder();
  const tasks: Task[] = [];
  for (const [i, level] of levels.entries()) {
    const path = join(folder, `p${i}.png`);
    await writePng(path, { data: new Float32Array(200).fill(level), width: 20, height: 10, channels: 1 });
    tasks.push({
      image: `p${i}.png`,
      source: { kind: "picture", path },
      prompt: { points: [{ x: 3, y: 3, label: 1 }] },
    });
  }
  return { folder, tasks };
}

/** Answers that the left half is inside; what it was asked, by grey level. */
function leftHalf(before: (levels: number[]) => void = () => {}) {
  const asked: number[][] = [];
  const segment = async (questions: readonly Question[]) => {
    const levels = questions.map(({ image }) => image.data[0]);
    before(levels);
    asked.push(levels);
    return questions.map(({ image: { width, height } }) => ({
      data: Float32Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0.9 : 0.1)),
      width,
      height,
    }));
  };
  return { predictor: { segment } as unknown as Predictor, asked };
}

async function makeBatch(out: string, predictor: Predictor, more: Partial<BatchInit> = {}): Promise<Batch> {
  return new Batch({
    out,
    ledger: await Ledger.open(out),
    predictor,
    together: 2,
    made: { blackbox: "b1", decoder: "" },
    decide: () => ({ adapted: false, reason: "because" }),
    labels: { segment: "thing", algorithm: "test" },
    clock: systemClock,
    signal: new AbortController().signal,
    onDone: () => {},
    ...more,
  });
}

describe("Batch", () => {
  it("writes mask, overlay and probabilities at the picture's size, and asks again only what has changed", async () => {
    const { folder, tasks } = await pictures(10, 20, 30);
    const out = await temporaryFolder();
    const first = leftHalf();
    const result = await (await makeBatch(out, first.predictor)).run(tasks);
    expect(first.asked).toEqual([[10, 20], [30]]);
    expect(result).toMatchObject({ kept: 0, failed: [] });
    expect((await readdir(out)).sort()).toEqual([
      ...[0, 1, 2].flatMap((i) => ["mask", "overlay", "probability"].map((kind) => `p${i}-${kind}.png`)),
      "predictions.jsonl",
    ]);
    const mask = await readMask(join(out, "p1-mask.png"));
    expect([mask.width, mask.height, mask.data.reduce((sum, value) => sum + value, 0)]).toEqual([20, 10, 100]);
    expect(result.predictions[1]).toMatchObject({ inside: 100, width: 20, height: 10, image: "p1.png" });
    expect(await sharp(join(out, "p1-probability.png")).metadata()).toMatchObject({ depth: "ushort", channels: 1 });

    const again = leftHalf();
    expect(await (await makeBatch(out, again.predictor)).run(tasks)).toMatchObject({ kept: 3 });
    expect(again.asked).toEqual([]);
    // Another picture under the old name, another prompt, a lost file; another black box asks for all.
    await writePng(join(folder, "p0.png"), {
      data: new Float32Array(200).fill(11),
      width: 20,
      height: 10,
      channels: 1,
    });
    const moved = { ...tasks[1], prompt: { points: [{ x: 4, y: 3, label: 1 as const }] } };
    await writeFile(join(out, "p2-overlay.png"), "");
    const changed = leftHalf();
    expect(await (await makeBatch(out, changed.predictor)).run([tasks[0], moved, tasks[2]])).toMatchObject({ kept: 0 });
    expect(changed.asked).toEqual([[11, 20], [30]]);
    const other = leftHalf();
    await (await makeBatch(out, other.predictor, { made: { blackbox: "b2", decoder: "" } })).run(tasks);
    expect(other.asked.flat()).toHaveLength(3);
  });

  it("is stopped between two calls, keeps what is paid for, and goes on with the rest", async () => {
    const { tasks } = await pictures(10, 20, 30, 40, 50);
    const out = await temporaryFolder();
    const stop = new AbortController();
    const first = leftHalf((levels) => {
      if (levels.includes(30)) stop.abort();
    });
    const batch = await makeBatch(out, first.predictor, { signal: stop.signal });
    await expect(batch.run(tasks)).rejects.toThrow();
    // The answer that was under way is written too.
    expect(batch.done).toBe(4);
    const second = leftHalf();
    expect(await (await makeBatch(out, second.predictor)).run(tasks)).toMatchObject({ kept: 4 });
    expect(second.asked).toEqual([[50]]);
  });

  it("a torn last line of the ledger costs that answer alone; a line of another program is refused", async () => {
    const { tasks } = await pictures(10, 20);
    const out = await temporaryFolder();
    await (await makeBatch(out, leftHalf().predictor, { together: 1 })).run(tasks);
    const file = join(out, "predictions.jsonl");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.slice(0, -20));
    const again = leftHalf();
    expect(await (await makeBatch(out, again.predictor)).run(tasks)).toMatchObject({ kept: 1 });
    expect(again.asked).toEqual([[20]]);
    await writeFile(file, '{"format":"other/1"}\n');
    await expect(Ledger.open(out)).rejects.toThrow(/line 1: not a line of this version/);
  });

  it("tells of a picture that is broken, a prompt outside, and one that the black box refuses; the others are answered", async () => {
    const { folder, tasks } = await pictures(10, 20, 30, 40);
    await writeFile(join(folder, "p0.png"), "no picture");
    const outside = { ...tasks[1], prompt: { points: [{ x: 20, y: 3, label: 1 as const }] } };
    const { predictor, asked } = leftHalf((levels) => {
      if (levels.includes(30)) throw new BlackBoxError("BLACKBOX_INPUT", "the picture is too dark; take another");
    });
    const out = await temporaryFolder();
    const { failed, predictions } = await (await makeBatch(out, predictor)).run([
      tasks[0],
      outside,
      tasks[2],
      tasks[3],
    ]);
    expect(failed.map(({ image, code }) => [image, code])).toEqual([
      ["p0.png", "IMAGE_UNREADABLE"],
      ["p1.png", "PROMPT_OUTSIDE"],
      ["p2.png", "BLACKBOX_INPUT"],
    ]);
    expect(failed[1].message).toContain("20 x 10");
    expect(predictions.map(({ image }) => image)).toEqual(["p3.png"]);
    expect(asked).toEqual([[40]]);
  });

  it("spends what is left of the day to the last query, then stops", async () => {
    const { tasks } = await pictures(10, 20, 30, 40, 50);
    let left = 3;
    const { predictor, asked } = leftHalf((levels) => {
      if (levels.length > left) throw new AgentError("DAILY_BUDGET", "3 queries were asked today");
      left -= levels.length;
    });
    const out = await temporaryFolder();
    const batch = await makeBatch(out, predictor);
    await expect(batch.run(tasks)).rejects.toMatchObject({ code: "DAILY_BUDGET" });
    expect(asked).toEqual([[10, 20], [30]]);
    expect(batch.done).toBe(3);
    left = 2;
    expect(await (await makeBatch(out, predictor)).run(tasks)).toMatchObject({ kept: 3, failed: [] });
  });

  it("ends at once where no further answer is to be had", async () => {
    const { tasks } = await pictures(10, 20, 30, 40, 50);
    const { predictor, asked } = leftHalf((levels) => {
      if (levels.includes(30)) throw new BlackBoxError("BLACKBOX_UNREACHABLE", "nobody answers; start the server");
    });
    const out = await temporaryFolder();
    await expect((await makeBatch(out, predictor)).run(tasks)).rejects.toMatchObject({ code: "BLACKBOX_UNREACHABLE" });
    expect(asked).toEqual([[10, 20]]);
    expect(await readdir(out)).toHaveLength(7);
  });
});
