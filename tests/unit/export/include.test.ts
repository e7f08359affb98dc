import { readFile } from "node:fs/promises";
import { ort } from "@fedbaps/core/blackbox/onnx-runtime.js";
import { readModelMessage } from "@fedbaps/core/blackbox/onnx-schema.js";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";
import { Graph } from "@fedbaps/core/export/graph.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";

const CLICKS = [
  [31.5, 90],
  [64, 20],
];

it("a graph within another, even twice, gives what it gives by itself", async () => {
  const file = await readFile(BUNDLED_MODEL_FILE);
  const g = new Graph();
  const image = g.input("image", [1, 3, 128, 128], "");
  for (const [i, click] of CLICKS.entries()) {
    const point_coords = g.constant("float32", click, [1, 1, 2]);
    const point_labels = g.constant("float32", [1], [1, 1]);
    const output = g.include(`${i}/`, readModelMessage(file), { image, point_coords, point_labels });
    g.output(`masks${i}`, output("masks"), [1, 1, 128, 128], "");
  }
  const both = g.encode({ name: "both", meaning: "", producerVersion: "1", metadata: {} });
  const [within, alone] = [await ort.InferenceSession.create(both), await ort.InferenceSession.create(file)];
  const stream = new RandomStream(1, "include");
  const planes = Float32Array.from({ length: 3 * 128 * 128 }, () => 255 * stream.uniform());
  const picture = new ort.Tensor("float32", planes, [1, 3, 128, 128]);
  const answer = await within.run({ image: picture });
  for (const [i, click] of CLICKS.entries()) {
    const point_coords = new ort.Tensor("float32", click, [1, 1, 2]);
    const point_labels = new ort.Tensor("float32", [1], [1, 1]);
    const { masks } = await alone.run({ image: picture, point_coords, point_labels }, ["masks"]);
    expect(sameBits(answer[`masks${i}`].data as Float32Array, masks.data as Float32Array)).toBe(true);
  }
  await Promise.all([within.release(), alone.release()]);
});
