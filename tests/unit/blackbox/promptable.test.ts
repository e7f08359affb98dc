import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXECUTION_PROVIDERS, OnnxGraph, type OnnxSettings } from "@fedbaps/core/blackbox/onnx-session.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { PromptableModel } from "@fedbaps/core/blackbox/promptable.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { listSupportedBackends } from "onnxruntime-node";
import { codeOf, thrownBy } from "../../support/codes.js";
import {
  type Constant,
  channelModel,
  constantBytes,
  contractInputs,
  contractOutputs,
  onnxFile,
  type Tensor,
  UINT8,
} from "../../support/onnx-graph.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
});

afterEach(() => {
  jest.restoreAllMocks();
});

let files = 0;
async function written(content: Uint8Array): Promise<string> {
  const file = join(folder, `graph-${++files}.onnx`);
  await writeFile(file, content);
  return file;
}

async function opened(file: string, settings: OnnxSettings = {}): Promise<PromptableModel> {
  return new PromptableModel(await OnnxGraph.open(file, "onnx:mine", settings));
}

const click = { points: [{ x: 0, y: 0, label: 1 as const }] };

/** 6 x 4 pixels, every value of its own. */
const picture: Image = {
  data: Float32Array.from({ length: 72 }, (_, i) => i / 10 - 3),
  width: 6,
  height: 4,
  channels: 3,
};

describe("what the graph is given and what is made of its answer", () => {
  it.each([0, 1, 2])("channel %i arrives as that plane, unscaled; logits become probabilities", async (channel) => {
    const file = await written(channelModel(channel));
    const model = await opened(file);
    const [map] = await model.segment([picture], [click]);
    for (let i = 0; i < 24; i++) expect(map.data[i]).toBeCloseTo(1 / (1 + Math.exp(-picture.data[3 * i + channel])), 6);
    await model.close();
  });

  it("images of other sizes are fitted and the answers brought back to those sizes", async () => {
    const model = await opened(await written(channelModel(1)));
    const large: Image = { data: new Float32Array(12 * 8 * 3), width: 12, height: 8, channels: 3 };
    // Left half dark, right half bright in the green channel.
    for (let i = 0; i < 96; i++) large.data[3 * i + 1] = i % 12 < 6 ? -4 : 4;
    const [map] = await model.segment([large], [{ points: [{ x: 11.4, y: 7.4, label: 1 }] }]);
    expect([map.width, map.height, map.data.length]).toEqual([12, 8, 96]);
    expect(map.data[0]).toBeCloseTo(1 / (1 + Math.exp(4)), 5);
    expect(map.data[95]).toBeCloseTo(1 / (1 + Math.exp(-4)), 5);
    await model.close();
  });

  it("very large logits stay probabilities", async () => {
    const model = await opened(await written(channelModel(0)));
    const extreme: Image = { ...picture, data: picture.data.map((_, i) => (i % 2 ? 1e4 : -1e4)) };
    const [map] = await model.segment([extreme], [click]);
    expect(new Set(map.data)).toEqual(new Set([0, 1]));
    await model.close();
  });

  it("is described by the size in the graph and the hash of the file", async () => {
    const content = channelModel(0);
    const model = await opened(await written(content));
    expect(model.description).toMatchObject({
      name: "onnx:mine",
      nativeSize: { width: 6, height: 4 },
      identity: sha256Hex(content),
    });
    await model.close();
  });

  it("grey pictures are refused", async () => {
    const model = await opened(await written(channelModel(0)));
    const grey: Image = { data: new Float32Array(24), width: 6, height: 4, channels: 1 };
    expect(await codeOf(() => model.segment([grey], [click]))).toBe("BLACKBOX_INPUT");
    await model.close();
  });
});

describe("a file that is not a graph", () => {
  it("is refused with its name", async () => {
    const missing = join(folder, "missing.onnx");
    const error = await thrownBy(() => opened(missing));
    expect(error).toMatchObject({ code: "BLACKBOX_FILE", message: expect.stringContaining(missing) });
    const text = await written(Buffer.from("this is a text file, not a model"));
    expect(await thrownBy(() => opened(text))).toMatchObject({
      code: "BLACKBOX_FILE",
      message: expect.stringContaining(text),
    });
    for (const content of [Buffer.alloc(0), channelModel(0).subarray(0, 90)])
      expect(await codeOf(async () => opened(await written(content)))).toBe("BLACKBOX_FILE");
    expect(await codeOf(() => opened(folder))).toBe("BLACKBOX_FILE");
  });
});

/** A graph that hands its first input to its first output. */
function identity(inputs: readonly Tensor[], outputs: readonly Tensor[]): Buffer {
  return onnxFile({
    nodes: [{ operator: "Identity", inputs: [inputs[0].name], outputs: [outputs[0].name] }],
    inputs,
    outputs,
  });
}
const inputs = (change: Partial<Tensor> & { name: string }) =>
  contractInputs.map((tensor) => (tensor.name === change.name ? { ...tensor, ...change } : tensor));
const [image, coordinates, labels] = contractInputs;
const same: Tensor = { name: "masks", shape: image.shape };

describe("a graph of another kind", () => {
  it("is refused with the names that were found and those that are expected", async () => {
    const graph = identity(
      [{ name: "pixel_values", shape: ["B", 3, 64, 64] }],
      [{ name: "logits", shape: ["B", 3, 64, 64] }],
    );
    const error = await thrownBy(async () => opened(await written(graph)));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT" });
    const { message } = error as Error;
    for (const name of [
      "onnx:mine",
      "pixel_values float32 [?,3,64,64]",
      "logits",
      "image",
      "point_coords",
      "point_labels",
      "masks",
    ])
      expect(message).toContain(name);
  });

  it.each<[string, readonly Tensor[], readonly Tensor[]]>([
    ["without labels", [image, coordinates], [same]],
    ["without masks", contractInputs, [{ ...same, name: "mask" }]],
    [
      "with masks of another rank",
      [{ ...image, shape: ["B", 3, 4] }, coordinates, labels],
      [{ ...same, shape: ["B", 3, 4] }],
    ],
    ["with an image of bytes", inputs({ name: "image", type: UINT8 }), [{ ...same, type: UINT8 }]],
    ["with a grey image", inputs({ name: "image", shape: ["B", 1, 4, 6] }), [{ ...same, shape: ["B", 1, 4, 6] }]],
    [
      "without a fixed size",
      inputs({ name: "image", shape: ["B", 3, "H", "W"] }),
      [{ ...same, shape: ["B", 3, "H", "W"] }],
    ],
    ["with one more input", [...contractInputs, { name: "mask_input", shape: ["B", 1, 4, 6] }], [same]],
    ["with flat labels", inputs({ name: "point_labels", shape: ["B", "N", 1] }), [same]],
  ])("(%s) is refused", async (_, wrongInputs, outputs) => {
    const file = await written(identity(wrongInputs, outputs));
    expect(await codeOf(() => opened(file))).toBe("BLACKBOX_CONTRACT");
  });

  it("that answers with more than a mask is caught at its first answer", async () => {
    const model = await opened(await written(identity(contractInputs, [same])));
    const error = await thrownBy(() => model.segment([picture], [click]));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("72") });
    await model.close();
  });

  it("is let go of by whoever opened it", async () => {
    const file = await written(identity([image, coordinates], [same]));
    const close = jest.spyOn(OnnxGraph.prototype, "close");
    expect(await codeOf(() => openBlackBox(`onnx:${file}`))).toBe("BLACKBOX_CONTRACT");
    expect(close).toHaveBeenCalledTimes(1);
  });
});

/** Eight pictures in which pixel i of picture n is i - 12 + n in the green channel. */
const several = Array.from({ length: 8 }, (_, n): Image => {
  const data = new Float32Array(72);
  for (let i = 0; i < 24; i++) data[3 * i + 1] = (i - 12 + n) / 4;
  return { data, width: 6, height: 4, channels: 3 };
});

describe("a graph whose batch is fixed", () => {
  it.each([1, 4])("at %i takes any number of images", async (batch) => {
    const model = await opened(await written(channelModel(1, inputs({ name: "image", shape: [batch, 3, 4, 6] }))));
    expect(model.description.maxBatch).toBe(batch);
    const run = jest.spyOn(OnnxGraph.prototype, "run");
    for (const count of [1, 3, 4, 6]) {
      run.mockClear();
      const images = several.slice(0, count);
      const maps = await model.segment(
        images,
        images.map(() => click),
      );
      expect(run).toHaveBeenCalledTimes(Math.ceil(count / batch));
      expect(maps).toHaveLength(count);
      for (const [n, map] of maps.entries())
        for (let i = 0; i < 24; i++) expect(map.data[i]).toBeCloseTo(1 / (1 + Math.exp(-(i - 12 + n) / 4)), 6);
    }
    await model.close();
  });
});

describe("a graph with its weights in a file beside it", () => {
  const bias = (value: number): Constant => ({ name: "bias", shape: [1], values: [value], beside: "weights.data" });
  const graph = (value: number) =>
    onnxFile({
      nodes: [
        { operator: "ReduceMean", inputs: ["image"], outputs: ["grey"], attributes: { axes: [1], keepdims: 1 } },
        { operator: "Add", inputs: ["grey", "bias"], outputs: ["masks"] },
      ],
      inputs: contractInputs,
      outputs: contractOutputs,
      constants: [bias(value)],
    });
  const black: Image = { data: new Float32Array(72), width: 6, height: 4, channels: 3 };

  it("works with them, and is another model with others", async () => {
    const file = await written(graph(0));
    const identities = new Set<string>();
    for (const value of [-1, 2]) {
      await writeFile(join(folder, "weights.data"), constantBytes(bias(value)));
      const model = await opened(file);
      identities.add(model.description.identity);
      const [map] = await model.segment([black], [click]);
      expect(map.data[5]).toBeCloseTo(1 / (1 + Math.exp(-value)), 6);
      await model.close();
    }
    expect(identities.size).toBe(2);
  });

  it("is refused without them, with the name of the missing file", async () => {
    const empty = await temporaryFolder();
    const file = join(empty, "graph.onnx");
    await writeFile(file, graph(0));
    expect(await thrownBy(() => opened(file))).toMatchObject({
      code: "BLACKBOX_FILE",
      message: expect.stringContaining(join(empty, "weights.data")),
    });
  });
});

describe("closing", () => {
  it("may be done twice; nothing is answered afterwards", async () => {
    const model = await opened(await written(channelModel(0)));
    await model.close();
    await model.close();
    expect(await codeOf(() => model.segment([picture], [click]))).toBe("BLACKBOX_CLOSED");
  });

  it("waits for the answer that is under way", async () => {
    const model = await opened(await written(channelModel(0)));
    const asked = model.segment([picture], [click]);
    await model.close();
    expect(await asked).toHaveLength(1);
  });
});

describe("an execution provider", () => {
  const offered = listSupportedBackends().map(({ name }) => name);
  const missing = EXECUTION_PROVIDERS.filter((name) => !offered.includes(name));

  it("that this build of the runtime lacks is replaced by cpu, and a note names it", async () => {
    // No build has all of them: some belong to one operating system.
    expect(missing.length).toBeGreaterThan(0);
    const file = await written(channelModel(0));
    const usual = await opened(file);
    expect(usual.description.notes).toEqual([]);
    const [expected] = await usual.segment([picture], [click]);
    for (const provider of missing) {
      const model = await opened(file, { provider });
      expect(model.description.notes).toEqual([expect.stringContaining(provider)]);
      const [map] = await model.segment([picture], [click]);
      expect(map.data).toEqual(expected.data);
      await model.close();
    }
    await usual.close();
  });
});
