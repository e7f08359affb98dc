import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readOnnxContents } from "@fedbaps/core/blackbox/onnx-contents.js";
import { OnnxPool } from "@fedbaps/core/blackbox/onnx-pool.js";
import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { drawScene } from "@fedbaps/core/blackbox/probe.js";
import { PromptableModel } from "@fedbaps/core/blackbox/promptable.js";
import { tensorOf } from "@fedbaps/core/blackbox/tensor-data.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { channelModel, contractInputs, onnxFile } from "../../support/onnx-graph.js";
import { BUNDLED_FILE } from "../../support/served-model.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const TASKS = "/proc/self/task";
const tasks = () => readdirSync(TASKS).length;

async function pool(file: string, threads: number): Promise<OnnxPool> {
  return OnnxPool.load(file, "onnx:mine", await readOnnxContents(file), { threads });
}

async function written(content: Uint8Array): Promise<string> {
  const file = join(await temporaryFolder(), "graph.onnx");
  await writeFile(file, content);
  return file;
}

/** What a graph of `channelModel` is given: so many pictures of 6 x 4. */
function feeds(count: number, value = 1) {
  return {
    image: tensorOf("float32", [count, 3, 4, 6], new Float32Array(count * 72).fill(value)),
    point_coords: tensorOf("float32", [count, 1, 2], new Float32Array(count * 2)),
    point_labels: tensorOf("float32", [count, 1], new Float32Array(count).fill(1)),
  };
}

describe("several threads with a session each", () => {
  const scenes = Array.from({ length: 5 }, (_, variant) => drawScene(variant));
  const images = scenes.map(({ image }) => image);
  const prompts = scenes.map(({ prompt }) => prompt);
  let one: PromptableModel;
  let three: PromptableModel;
  beforeAll(async () => {
    one = new PromptableModel(await OnnxGraph.open(BUNDLED_FILE, "one"));
    three = new PromptableModel(await pool(BUNDLED_FILE, 3), 2);
  });
  afterAll(() => Promise.all([one.close(), three.close()]));

  it("give one thread's answers to the last bit, in batches of any size and all at once", async () => {
    const expected = await one.segment(images, prompts);
    const rounds = await Promise.all([three.segment(images, prompts), three.segment(images, prompts)]);
    for (const maps of rounds)
      for (const [i, { data }] of maps.entries()) expect(sameBits(data, expected[i].data)).toBe(true);
  });

  it("are the same model, and say how many calls they take", () => {
    const { identity, inputs, outputs } = one.description;
    expect(three.description).toMatchObject({ identity, inputs, outputs, maxBatch: 2, concurrency: 3, spread: true });
    expect(one.description.spread).toBeUndefined();
  });

  it("leave this thread to other work meanwhile", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await three.segment(images, prompts);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe("calls", () => {
  it("beyond the threads wait for their turn, and each gets its own answer", async () => {
    const graph = await pool(await written(channelModel(0)), 2);
    const values = [1, 2, 3, 4, 5, 6, 7];
    const answers = await Promise.all(values.map((value) => graph.run(feeds(1, value), ["masks"])));
    expect(answers.map(({ masks }) => masks.data[0])).toEqual(values);
    await graph.close();
  });

  it("that fail are told apart from those that do not", async () => {
    const graph = await pool(await written(channelModel(0)), 2);
    const wrong = { ...feeds(1), image: tensorOf("float32", [1, 3, 5, 6], new Float32Array(90)) };
    const asked = [graph.run(wrong, ["masks"]), graph.run(feeds(1), ["masks"]), graph.run(feeds(1), ["none"])];
    const [failed, answered, unknown] = await Promise.allSettled(asked);
    expect(failed).toMatchObject({
      reason: { code: "BLACKBOX_FAILED", message: expect.stringMatching(/^the black box onnx:mine failed: /) },
    });
    expect(answered).toMatchObject({ value: { masks: { type: "float32", shape: [1, 1, 4, 6] } } });
    expect(unknown).toMatchObject({ reason: { code: "BLACKBOX_FAILED" } });
    expect(await graph.run(feeds(2), ["masks"])).toMatchObject({ masks: { shape: [2, 1, 4, 6] } });
    await graph.close();
  });

  it("that are called off before they begin do not begin", async () => {
    const graph = await pool(await written(channelModel(0)), 2);
    const controller = new AbortController();
    const first = [graph.run(feeds(1), ["masks"]), graph.run(feeds(1), ["masks"])];
    const waiting = graph.run(feeds(1), ["masks"], controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await Promise.all(first);
    await graph.close();
  });
});

describe("closing", () => {
  it("may be done twice, waits for what is under way, and nothing is answered afterwards", async () => {
    const graph = await pool(await written(channelModel(0)), 2);
    const asked = [1, 2, 3].map((value) => graph.run(feeds(1, value), ["masks"]));
    await Promise.all([graph.close(), graph.close()]);
    expect(await Promise.all(asked)).toHaveLength(3);
    expect(await codeOf(() => graph.run(feeds(1), ["masks"]))).toBe("BLACKBOX_CLOSED");
  });

  const threadsAreListed = existsSync(TASKS);
  if (!threadsAreListed) console.warn(`skipped: no ${TASKS} here, so a process's threads cannot be counted`);
  (threadsAreListed ? it : it.skip)("takes the threads away, and so does a file that cannot be loaded", async () => {
    const file = await written(channelModel(0));
    await (await pool(file, 2)).close();
    const before = tasks();
    const graph = await pool(file, 2);
    expect(tasks() - before).toBe(2);
    await graph.close();
    expect(tasks()).toBe(before);
    const alien = await written(
      onnxFile({
        nodes: [{ operator: "Nonsense", inputs: ["image"], outputs: ["masks"] }],
        inputs: contractInputs,
        outputs: [{ name: "masks", shape: ["B", 1, 4, 6] }],
      }),
    );
    const error = await thrownBy(() => pool(alien, 2));
    expect(error).toMatchObject({ code: "BLACKBOX_FILE", message: expect.stringContaining(alien) });
    expect((error as Error).message).toContain("Nonsense");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(tasks()).toBe(before);
  });
});

describe("which files are run so", () => {
  const small = { identity: "", source: {}, bytes: 1e6 };
  it.each([
    [true, small, { threads: 2 }],
    [false, small, {}],
    [false, small, { threads: 1 }],
    [false, { ...small, bytes: 1e9 }, { threads: 2 }],
    [false, small, { threads: 2, memory: "low" as const }],
    [false, small, { threads: 2, provider: "cuda" as const }],
  ])("%s for %j with %j", (expected, contents, settings) => {
    expect(OnnxPool.pays(contents, settings)).toBe(expected);
  });

  it("the opened black box says it: so many calls at once, and images a call", async () => {
    const model = await openBlackBox("bundled", { threads: 2 });
    expect(model.description.concurrency).toBe(2);
    expect([1, 2, 4, 8]).toContain(model.description.maxBatch);
    await model.close();
    const fixed = channelModel(1, [{ name: "image", shape: [4, 3, 4, 6] }, ...contractInputs.slice(1)]);
    const exact = await openBlackBox(`onnx:${await written(fixed)}#threads=2`);
    expect(exact.description).toMatchObject({ maxBatch: 4, concurrency: 2 });
    expect(exact.description.spread).toBeUndefined();
    await exact.close();
  });
});
