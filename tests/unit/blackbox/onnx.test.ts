import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OnnxModel } from "@fedbaps/core/blackbox/onnx.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import {
  channelModel,
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

let files = 0;
async function written(content: Uint8Array): Promise<string> {
  const file = join(folder, `graph-${++files}.onnx`);
  await writeFile(file, content);
  return file;
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
    const model = await OnnxModel.open(file);
    const [map] = await model.segment([picture], [click]);
    for (let i = 0; i < 24; i++) expect(map.data[i]).toBeCloseTo(1 / (1 + Math.exp(-picture.data[3 * i + channel])), 6);
    await model.close();
  });

  it("images of other sizes are fitted and the answers brought back to those sizes", async () => {
    const model = await OnnxModel.open(await written(channelModel(1)));
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
    const model = await OnnxModel.open(await written(channelModel(0)));
    const extreme: Image = { ...picture, data: picture.data.map((_, i) => (i % 2 ? 1e4 : -1e4)) };
    const [map] = await model.segment([extreme], [click]);
    expect(new Set(map.data)).toEqual(new Set([0, 1]));
    await model.close();
  });

  it("is described by the size in the graph and the hash of the file", async () => {
    const content = channelModel(0);
    const model = await OnnxModel.open(await written(content), "onnx:mine");
    expect(model.description).toMatchObject({
      name: "onnx:mine",
      nativeSize: { width: 6, height: 4 },
      identity: sha256Hex(content),
    });
    await model.close();
  });

  it("grey pictures are refused", async () => {
    const model = await OnnxModel.open(await written(channelModel(0)));
    const grey: Image = { data: new Float32Array(24), width: 6, height: 4, channels: 1 };
    expect(await codeOf(() => model.segment([grey], [click]))).toBe("BLACKBOX_INPUT");
    await model.close();
  });
});

describe("a file that is not a graph", () => {
  it("is refused with its name", async () => {
    const missing = join(folder, "missing.onnx");
    const error = await thrownBy(() => OnnxModel.open(missing));
    expect(error).toMatchObject({ code: "BLACKBOX_FILE", message: expect.stringContaining(missing) });
    const text = await written(Buffer.from("this is a text file, not a model"));
    expect(await thrownBy(() => OnnxModel.open(text))).toMatchObject({
      code: "BLACKBOX_FILE",
      message: expect.stringContaining(text),
    });
    for (const content of [Buffer.alloc(0), channelModel(0).subarray(0, 90)])
      expect(await codeOf(async () => OnnxModel.open(await written(content)))).toBe("BLACKBOX_FILE");
    expect(await codeOf(() => OnnxModel.open(folder))).toBe("BLACKBOX_FILE");
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
    const error = await thrownBy(async () => OnnxModel.open(await written(graph), "onnx:mine"));
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
    expect(await codeOf(() => OnnxModel.open(file))).toBe("BLACKBOX_CONTRACT");
  });

  it("that answers with more than a mask is caught at its first answer", async () => {
    const model = await OnnxModel.open(await written(identity(contractInputs, [same])));
    const error = await thrownBy(() => model.segment([picture], [click]));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("72") });
    await model.close();
  });

  it("that cannot take a batch fails with the black box's name", async () => {
    const one = inputs({ name: "image", shape: [1, 3, 4, 6] });
    const nodes = [
      { operator: "Slice", inputs: ["image"], outputs: ["masks"], lists: { axes: [1], starts: [0], ends: [1] } },
    ];
    const graph = onnxFile({ nodes, inputs: one, outputs: contractOutputs });
    const model = await OnnxModel.open(await written(graph), "onnx:single");
    expect(await model.segment([picture], [click])).toHaveLength(1);
    expect(await thrownBy(() => model.segment([picture, picture], [click, click]))).toMatchObject({
      code: "BLACKBOX_FAILED",
      message: expect.stringContaining("onnx:single"),
    });
    await model.close();
  });
});
