import { readFile } from "node:fs/promises";
import { ort } from "@fedbaps/core/blackbox/onnx-runtime.js";
import { BUNDLED_MODEL_FILE, openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { drawPhantom, LOOKS } from "@fedbaps/core/data/phantoms.js";
import { DECODER_SIZE } from "@fedbaps/core/decoder/ip-decoder.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
import { encodeDecoderGraph } from "@fedbaps/core/export/decoder-graph.js";
import { scalePoint } from "@fedbaps/core/image/place.js";
import { resizeImage } from "@fedbaps/core/image/resize.js";
import { caseSize } from "@fedbaps/core/training/cases.js";
import { segmentPrompted } from "@fedbaps/core/training/prompted-model.js";
import { expect, it } from "@jest/globals";
import { largestDifference } from "../../support/numbers.js";
import { paintingDecoder } from "./painting-decoder.js";

/** What somebody does who has the exported graph, a black box that takes pictures and prompts, and no FedBAPS. */
async function withoutUs(graph: Uint8Array, planes: Float32Array, click: { x: number; y: number }, sides: number[]) {
  const [prompter, blackBox] = [
    await ort.InferenceSession.create(graph),
    await ort.InferenceSession.create(await readFile(BUNDLED_MODEL_FILE)),
  ];
  const label = new ort.Tensor("float32", [1], [1, 1]);
  const drawn = await prompter.run({
    image: new ort.Tensor("float32", planes, [1, 3, ...sides]),
    point_coords: new ort.Tensor("float32", [click.x, click.y], [1, 1, 2]),
    point_labels: label,
  });
  const { masks } = await blackBox.run(
    { image: drawn.blackbox_image, point_coords: drawn.blackbox_point_coords, point_labels: label },
    ["masks"],
  );
  await Promise.all([prompter.release(), blackBox.release()]);
  return (masks.data as Float32Array).map((logit) => 1 / (1 + Math.exp(-logit)));
}

it.each(DECODER_KINDS)("the graph of %s and the black box together answer what the pipeline answers", async (kind) => {
  const { decoder, theta, provenance } = await paintingDecoder(kind);
  const { image } = drawPhantom({ look: LOOKS[0], seed: 2, index: 5, size: { width: 240, height: 170 } });
  const point = { x: 131, y: 77, label: 1 } as const;
  const model = await openBlackBox("bundled");
  const size = caseSize(model.description, image);
  const subject = {
    id: 1,
    image: resizeImage(image, size.width, size.height),
    mask: { data: new Uint8Array(0), width: 0, height: 0 },
    fullMask: { data: new Uint8Array(0), width: 0, height: 0 },
    prepared: decoder.prepare(resizeImage(image, DECODER_SIZE, DECODER_SIZE)),
  };
  const query = { subject, point: scalePoint(point, image, size) };
  const [[adapted], [plain]] = [
    await segmentPrompted(model, decoder, [{ ...query, theta }]),
    await segmentPrompted(model, decoder, [query]),
  ];
  await model.close();
  const graph = await encodeDecoderGraph({ theta, provenance, sizing: model.description, producerVersion: "1" });
  const count = image.width * image.height;
  const planes = Float32Array.from(
    { length: 3 * count },
    (_, i) => image.data[3 * (i % count) + Math.floor(i / count)],
  );
  const answer = await withoutUs(graph, planes, point, [image.height, image.width]);
  expect(largestDifference(answer, adapted.data)).toBeLessThan(1e-4);
  // The prompt matters: without it the answer is another.
  expect(largestDifference(plain.data, adapted.data)).toBeGreaterThan(0.05);
});
