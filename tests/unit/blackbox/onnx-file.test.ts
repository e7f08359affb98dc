import { readFileSync } from "node:fs";
import { externalFiles, withoutWeights } from "@fedbaps/core/blackbox/onnx-file.js";
import { type GraphMessage, readModelMessage } from "@fedbaps/core/blackbox/onnx-schema.js";
import { recogniseDecoder } from "@fedbaps/core/blackbox/sam/decoder.js";
import { place } from "@fedbaps/core/blackbox/sam/geometry.js";
import { chosenMask } from "@fedbaps/core/blackbox/sam/masks.js";
import { promptTensors } from "@fedbaps/core/blackbox/sam/prompt-tensors.js";
import { expect, it } from "@jest/globals";
import { BUNDLED_FILE } from "../../support/served-model.js";

it("a graph's description holds on to no weight and no view of the file", () => {
  const bytes = readFileSync(BUNDLED_FILE);
  const graph = readModelMessage(bytes);
  expect(graph.initializer?.some(({ raw_data }) => (raw_data?.length ?? 0) > 10_000)).toBe(true);
  const kept = withoutWeights(graph);
  expect(kept.node?.map(({ op_type }) => op_type)).toEqual(graph.node?.map(({ op_type }) => op_type));
  const held = [...(kept.initializer ?? []), ...(kept.node ?? []).flatMap(constantsOf)];
  for (const { raw_data } of held) {
    expect(raw_data?.length ?? 0).toBeLessThanOrEqual(64);
    if (raw_data) expect(raw_data.buffer.byteLength).toBeLessThanOrEqual(64);
  }
  expect(JSON.stringify(kept).length).toBeLessThan(bytes.length / 10);
});

function constantsOf({ attribute = [] }: NonNullable<GraphMessage["node"]>[number]) {
  return attribute.flatMap(({ t }) => t ?? []);
}

it("the files beside a graph are found in initializers, constants and inner graphs, each once", () => {
  const beside = (value: string) => ({ external_data: [{ key: "location", value }] });
  const graph: GraphMessage = {
    initializer: [beside("b.bin"), beside("a.bin"), { name: "inside" }],
    node: [
      { attribute: [{ name: "value", t: beside("c.bin") }] },
      { attribute: [{ name: "then_branch", g: { initializer: [beside("d.bin"), beside("a.bin")] } }] },
    ],
  };
  expect(externalFiles(graph)).toEqual(["a.bin", "b.bin", "c.bin", "d.bin"]);
});

it("positions that only fill up a graph's fixed number do not count when a mask is chosen", () => {
  const float = (name: string, ...shape: number[]) => ({ name, type: "float32", shape });
  const decoder = recogniseDecoder({
    inputs: [float("image_embeddings", 1, 8, 4, 4), float("point_coords", 1, 5, 2), float("point_labels", 1, 5)],
    outputs: [float("masks", 1, 4, 16, 16), float("iou_predictions", 1, 4)],
  });
  const image = { data: new Float32Array(48), width: 4, height: 4, channels: 3 as const };
  const placed = place(image, { width: 16, height: 16 }, "longest-side");
  const { feeds, tokens } = promptTensors(decoder, { points: [{ x: 1, y: 1, label: 1 }] }, image, placed);
  expect([...(feeds.point_labels.data as Float32Array)]).toEqual([1, -1, -1, -1, -1]);
  expect(tokens).toBe(2);
  expect(chosenMask(4, [0.9, 0.1, 0.8, 0.2], tokens)).toBe(2);
});
