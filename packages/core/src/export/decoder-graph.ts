import type { DecoderProvenance } from "../decoder/decoder-file.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { decoderLayout } from "../decoder/layouts.js";
import type { Sizing } from "../training/cases.js";
import { bapsDrawing } from "./baps.js";
import type { Drawing } from "./drawing.js";
import { ExportError } from "./errors.js";
import { filterBankDrawing } from "./filter-bank.js";
import { Graph, type Value } from "./graph.js";
import { caseSizeOf, fixedSize, scaledPlace, sizeOf } from "./place.js";
import { resize } from "./resize.js";

const FORMAT = "fedbaps-decoder-graph/1";

/** How each decoder kind is drawn: a new kind is written in a file of its own and named here. */
const DRAWINGS: Readonly<Record<string, Drawing>> = { "filter-bank": filterBankDrawing, baps: bapsDrawing };

export interface DecoderGraphInit {
  readonly theta: Float32Array;
  readonly provenance: DecoderProvenance;
  /** Of the black box that the prompted pictures are for. */
  readonly sizing: Sizing;
}

/**
 * A decoder with all its steps from a picture to what the black box is shown, as one ONNX file: ai.onnx opset 17,
 * nothing of ours. Inputs: `image` [1,3,H,W] in 0..255 and `point_coords` [1,1,2], the click (x, y) in pixels of that
 * image. Outputs: `prompted_image` [1,3,H',W'] in 0..255 at the size of `caseSize`, `prompted_point_coords` [1,1,2], the
 * click in pixels of it, and `visual_prompt` [1,3,128,128], the grey levels that were added, on the decoder's square.
 * All float32. The decoder's tensors are in the file under the names that its safetensors file gives them. The same input
 * gives the same bytes.
 *
 * @throws ExportError EXPORT_KIND for a decoder kind that has no graph; DecoderError DECODER_PARAMETERS
 */
export function encodeDecoderGraph({ theta, provenance, sizing }: DecoderGraphInit): Uint8Array {
  const drawing = DRAWINGS[provenance.decoder];
  if (!drawing)
    throw new ExportError(
      "EXPORT_KIND",
      `a decoder of the kind ${provenance.decoder} cannot be written as ONNX; use its .safetensors file`,
    );
  const layout = decoderLayout(provenance.decoder);
  layout.check(theta);
  const g = new Graph();
  const parameter = (name: string) => g.parameter(name, layout.view(theta, name), layout.entry(name).shape);

  const image = g.input("image", [1, 3, "height", "width"], "RGB, 0..255, rows from the top");
  const coords = g.input("point_coords", [1, 1, 2], "the click: x to the right, y down, in pixels of the image");
  const planes = g.at(image, 0);
  const whole = sizeOf(g, image);
  const shown = caseSizeOf(g, sizing, whole);
  const square = fixedSize(g, DECODER_SIZE, DECODER_SIZE);

  const given = g.cast(g.reshape(coords, 2), "float64");
  const click = scaledPlace(g, { x: g.at(given, 0), y: g.at(given, 1) }, whole, shown);
  // In double: the decoder measures contrast against the picture's own, and must not find rounding where it is flat.
  const small = g.cast(resize(g, g.cast(planes, "float64"), whole, square), "float32");
  const prompt = drawing({ g, square: small, click: scaledPlace(g, click, shown, square), parameter });

  const sum = g.add(resize(g, planes, whole, shown), resize(g, prompt, square, shown));
  const prompted = g.min(g.max(sum, 0), 255);
  const { geometry, nativeSize } = sizing;
  const sides = geometry === "stretch" ? [nativeSize.height, nativeSize.width] : ["prompted_height", "prompted_width"];
  g.output("prompted_image", batch(g, prompted), [1, 3, ...sides], "what the black box is shown: RGB, 0..255");
  const moved = g.concat(0, g.reshape(click.x, 1), g.reshape(click.y, 1));
  const clickMeaning = "the click, in pixels of prompted_image";
  g.output("prompted_point_coords", g.reshape(g.cast(moved, "float32"), 1, 1, 2), [1, 1, 2], clickMeaning);
  const promptShape = [1, 3, DECODER_SIZE, DECODER_SIZE];
  g.output("visual_prompt", batch(g, prompt), promptShape, "grey levels added, on the decoder's square");
  return g.encode("fedbaps-decoder", metadataOf(provenance, sizing, theta.length));
}

function batch(g: Graph, planes: Value<"float32">): Value<"float32"> {
  return g.op("float32", "Unsqueeze", [planes, g.constant("int64", [0])]);
}

function metadataOf(provenance: DecoderProvenance, sizing: Sizing, parameters: number): Record<string, string> {
  const { decoder, blackbox, blackboxIdentity, study, version, seed } = provenance;
  const { width, height } = sizing.nativeSize;
  return {
    format: FORMAT,
    decoder,
    parameters: String(parameters),
    study,
    version: String(version),
    seed: String(seed),
    blackbox,
    blackboxIdentity,
    geometry: sizing.geometry,
    nativeWidth: String(width),
    nativeHeight: String(height),
    decoderSize: String(DECODER_SIZE),
    pixelRange: "0..255",
  };
}
