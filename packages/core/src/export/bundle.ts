import { type DecoderProvenance, encodeDecoder, withoutFolders } from "../decoder/decoder-file.js";
import type { IpDecoder } from "../decoder/ip-decoder.js";
import { readSafetensorsMetadata } from "../decoder/safetensors.js";
import type { Sizing } from "../training/cases.js";
import type { Agreement } from "./agreement.js";
import { type CheckOptions, checkGraph, worstOf } from "./check.js";
import { encodeDecoderGraph, GRAPH_FORMAT } from "./decoder-graph.js";
import { howToUse, isHowToUse } from "./how-to-use.js";
import { readModelMetadata } from "./model-file.js";

/** The names of an export's files. */
export const EXPORT_FILES = {
  decoder: "decoder.safetensors",
  graph: "visual-prompt.onnx",
  howToUse: "how-to-use.md",
} as const;
export type ExportFile = (typeof EXPORT_FILES)[keyof typeof EXPORT_FILES];

export interface ExportInit {
  readonly decoder: IpDecoder;
  readonly theta: Float32Array;
  readonly provenance: DecoderProvenance;
  /** Of the black box that the pictures are for: of another than the decoder's, where somebody wants it so. */
  readonly sizing: Sizing;
  /** Of the program that writes the files. */
  readonly producerVersion: string;
}

/** An export that was checked, not yet written. */
export interface ExportBundle {
  readonly files: readonly { readonly name: ExportFile; readonly bytes: Uint8Array }[];
  readonly agreements: readonly Agreement[];
}

/**
 * Makes an export's files and compares the graph with the pipeline. The same decoder gives the same bytes.
 * @throws ExportError EXPORT_KIND, EXPORT_DIFFERS; DecoderError DECODER_PARAMETERS
 */
export async function makeExport(init: ExportInit, options: CheckOptions = {}): Promise<ExportBundle> {
  const { decoder, theta, sizing, producerVersion } = init;
  const provenance = { ...init.provenance, blackbox: withoutFolders(init.provenance.blackbox) };
  const graph = await encodeDecoderGraph({ theta, provenance, sizing, producerVersion });
  const agreements = await checkGraph({ graph, decoder, theta, sizing }, options);
  const text = howToUse({ provenance, sizing, producerVersion, worst: worstOf(agreements) });
  return {
    files: [
      { name: EXPORT_FILES.graph, bytes: graph },
      { name: EXPORT_FILES.decoder, bytes: encodeDecoder(theta, provenance) },
      { name: EXPORT_FILES.howToUse, bytes: new TextEncoder().encode(text) },
    ],
    agreements,
  };
}

/** Whether a file of that name was written by an export (or, a decoder, by this program): it may be replaced. */
export function isOfExport(name: ExportFile, bytes: Uint8Array): boolean {
  switch (name) {
    case EXPORT_FILES.graph:
      return readModelMetadata(bytes).get("format")?.startsWith(familyOf(GRAPH_FORMAT)) ?? false;
    case EXPORT_FILES.decoder:
      return decoderFormat(bytes)?.startsWith("fedbaps-decoder/") ?? false;
    case EXPORT_FILES.howToUse:
      return isHowToUse(new TextDecoder().decode(bytes));
  }
}

/** A format without its version: what a later version wrote is ours too. */
function familyOf(format: string): string {
  return format.slice(0, format.indexOf("/") + 1);
}

function decoderFormat(bytes: Uint8Array): string | undefined {
  try {
    return readSafetensorsMetadata(bytes).format;
  } catch {
    return undefined;
  }
}
