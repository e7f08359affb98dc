import { textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { agrees, ExportedGraph } from "@fedbaps/core/export/agreement.js";
import { encodeDecoderGraph } from "@fedbaps/core/export/decoder-graph.js";
import { specimens } from "@fedbaps/core/export/specimens.js";
import type { Sizing } from "@fedbaps/core/training/cases.js";
import { expect, it } from "@jest/globals";
import { paintingDecoder } from "./painting-decoder.js";

const sizing: Sizing = { geometry: "stretch", nativeSize: { width: 128, height: 128 } };

async function agreement(change: (view: (name: string) => Float32Array) => void) {
  const { decoder, theta, provenance } = await paintingDecoder("texture");
  change((name) => textureLayout.view(theta, name));
  const encoded = await encodeDecoderGraph({ theta, provenance, sizing, producerVersion: "1" });
  const graph = await ExportedGraph.open({ decoder, theta, sizing, graph: encoded });
  const [specimen] = specimens();
  const found = await graph.compare(specimen);
  await graph.close();
  return found;
}

it.each([
  ["no pair has a score", []],
  ["two pairs have the highest score", [3, 40]],
  ["the last pair has it", [47]],
])("paints the pair that the decoder paints where %s", async (_, highest) => {
  const found = await agreement((view) => {
    view("poll.score").fill(0);
    for (const candidate of highest) view("poll.score")[candidate] = 0.8;
  });
  expect(found.strongest).toBeGreaterThan(10);
  expect(agrees(found)).toBe(true);
});

it("holds amounts, and a belief of which the head is certain, as the decoder does", async () => {
  const found = await agreement((view) => {
    view("amount").set([7, -2]);
    for (let i = 0; i < view("head.out").length; i++) view("head.out")[i] *= 100;
  });
  expect(found.strongest).toBeGreaterThan(10);
  expect(agrees(found)).toBe(true);
});
