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

it("paints textures of whatever strength as the decoder does", async () => {
  for (const strength of [0, 0.4, 40]) {
    const found = await agreement((view) => {
      for (const name of ["texture.inside", "texture.outside"])
        for (let i = 0; i < view(name).length; i++) view(name)[i] *= strength;
    });
    expect(found.strongest).toBeGreaterThan(10);
    expect(agrees(found)).toBe(true);
  }
});

it("holds amounts, and a belief of which the head is certain, as the decoder does", async () => {
  const found = await agreement((view) => {
    view("amount").set([7, -2]);
    for (let i = 0; i < view("head.out").length; i++) view("head.out")[i] *= 100;
  });
  expect(found.strongest).toBeGreaterThan(10);
  expect(agrees(found)).toBe(true);
});
