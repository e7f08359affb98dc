import { ModelProto } from "@fedbaps/core/blackbox/onnx-schema.js";
import { encodeDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { EXPORT_FILES, isOfExport } from "@fedbaps/core/export/bundle.js";
import { encodeDecoderGraph } from "@fedbaps/core/export/decoder-graph.js";
import { howToUse } from "@fedbaps/core/export/how-to-use.js";
import type { Sizing } from "@fedbaps/core/training/cases.js";
import { describe, expect, it } from "@jest/globals";
import { channelModel } from "../../support/onnx-graph.js";
import { trainedDecoder } from "../../support/trained-decoder.js";

const sizing: Sizing = { geometry: "stretch", nativeSize: { width: 128, height: 96 } };
const producerVersion = "0.1.0";
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("which files an export may replace", () => {
  it("its own, also of a later version", async () => {
    const trained = await trainedDecoder("filter-bank");
    const { provenance } = trained;
    const graph = await encodeDecoderGraph({ ...trained, sizing, producerVersion });
    expect(isOfExport(EXPORT_FILES.graph, graph)).toBe(true);
    const later = ModelProto.fromObject({ metadata_props: [{ key: "format", value: "fedbaps-decoder-graph/2" }] });
    expect(isOfExport(EXPORT_FILES.graph, ModelProto.encode(later).finish())).toBe(true);
    expect(isOfExport(EXPORT_FILES.decoder, encodeDecoder(trained.theta, provenance))).toBe(true);
    const text = howToUse({ provenance, sizing, producerVersion, worst: 0 });
    expect(isOfExport(EXPORT_FILES.howToUse, bytesOf(text))).toBe(true);
  });

  it.each(Object.values(EXPORT_FILES))("not what somebody else called %s", (name) => {
    for (const foreign of [bytesOf(""), bytesOf("# Notes\n"), bytesOf("{}"), channelModel(0), new Uint8Array(40)])
      expect(isOfExport(name, foreign)).toBe(false);
  });
});

it("the text tells the black box's size, the shapes, and what it was compared to", async () => {
  const { provenance } = await trainedDecoder("baps");
  const text = howToUse({ provenance, sizing, producerVersion, worst: 0.00012 });
  for (const words of ["[1, 3, 96, 128]", "squeezed to 128 x 96", "version 12 of the study polyps", "1.2e-4"])
    expect(text).toContain(words);
  const other: Sizing = { geometry: "longest-side", nativeSize: { width: 1024, height: 1024 } };
  expect(howToUse({ provenance: { ...provenance, study: "local" }, sizing: other, producerVersion, worst: 0 })).toMatch(
    /a local adaptation.*at most 1024 x 1024 pixels, never enlarged/s,
  );
});
