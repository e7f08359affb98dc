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
import { textureDrawing } from "./texture.js";

export const GRAPH_FORMAT = "fedbaps-decoder-graph/1";

/** What this program wrote; whose the trained parameters are, the sites have agreed among themselves. */
const LICENCE = "Apache-2.0 for the graph; the parameters belong to the sites that trained them";

/** How each decoder kind is drawn: a new kind is written in a file of its own and named here. */
const DRAWINGS: Readonly<Record<string, Drawing>> = {
  texture: textureDrawing,
  "filter-bank": filterBankDrawing,
  baps: bapsDrawing,
};

export interface DecoderGraphInit {
  readonly theta: Float32Array;
  readonly provenance: DecoderProvenance;
  /** Of the black box that the prompted pictures are for. */
  readonly sizing: Sizing;
  /** Of the program that writes it. */
  readonly producerVersion: string;
}

/** Free axes of the graph: the picture's sides, and those at which the black box looks at it. */
const PICTURE = ["height", "width"] as const;
const SHOWN = ["blackbox_height", "blackbox_width"] as const;

/**
 * A decoder with all its steps from a picture to what the black box is shown, as one ONNX file: ai.onnx opset 17,
 * nothing of ours. All inputs and outputs are float32, pictures are RGB in 0..255, points are (x, y) in pixels.
 *
 * Inputs: `image` [1,3,H,W]; `point_coords` [1,1,2], the click; `point_labels` [1,1]: at 1 (foreground) the decoder draws,
 * at any other value nothing is drawn, as decoders are trained with clicks on what is sought. Outputs: `prompted_image`
 * [1,3,H,W], clip(image + visual prompt) at the picture's own size; `blackbox_image` [1,3,H',W'], the same at the size of
 * `caseSize`, which is what the pipeline shows to the black box; `blackbox_point_coords` [1,1,2], the click in it;
 * `visual_prompt` [1,3,128,128], the grey levels that are added, on the decoder's square.
 *
 * The decoder's tensors are in the file under the names that its safetensors file gives them. The same input gives the
 * same bytes.
 *
 * @throws ExportError EXPORT_KIND for a decoder kind that has no graph; DecoderError DECODER_PARAMETERS
 */
export async function encodeDecoderGraph({
  theta,
  provenance,
  sizing,
  producerVersion,
}: DecoderGraphInit): Promise<Uint8Array> {
  const drawing = drawingOf(provenance.decoder);
  const layout = decoderLayout(provenance.decoder);
  layout.check(theta);
  const g = new Graph();
  const parameter = (name: string) => g.parameter(name, layout.view(theta, name), layout.entry(name).shape);

  const image = g.input("image", [1, 3, ...PICTURE], "RGB, 0..255, rows from the top");
  const coords = g.input("point_coords", [1, 1, 2], "the click: x to the right, y down, in pixels of the image");
  const labels = g.input("point_labels", [1, 1], "1: the click is on what is sought; else nothing is drawn");
  const planes = g.at(image, 0);
  const whole = sizeOf(g, image);
  const shown = caseSizeOf(g, sizing, whole);
  const square = fixedSize(g, DECODER_SIZE, DECODER_SIZE);

  const given = g.cast(g.reshape(coords, 2), "float64");
  const click = scaledPlace(g, { x: g.at(given, 0), y: g.at(given, 1) }, whole, shown);
  // In double: the decoder measures contrast against the picture's own, and must not find rounding where it is flat.
  const small = g.cast(resize(g, g.cast(planes, "float64"), whole, square), "float32");
  const drawn = await drawing({ g, square: small, click: scaledPlace(g, click, shown, square), parameter });
  const wanted = g.op("bool", "Equal", [g.at(g.reshape(labels, 1), 0), g.scalar("float32", 1)]);
  const prompt = g.where(wanted, drawn, g.scalar("float32", 0));

  const prompted = clipped(g, planes, resize(g, prompt, square, whole));
  const forBlackBox = clipped(g, resize(g, planes, whole, shown), resize(g, prompt, square, shown));
  const { geometry, nativeSize } = sizing;
  const shownSides = geometry === "stretch" ? [nativeSize.height, nativeSize.width] : SHOWN;
  const squareSides = [DECODER_SIZE, DECODER_SIZE];
  const moved = g.concat(0, g.reshape(click.x, 1), g.reshape(click.y, 1));
  const inShown = g.reshape(g.cast(moved, "float32"), 1, 1, 2);
  g.output("prompted_image", batch(g, prompted), [1, 3, ...PICTURE], "RGB, 0..255, at the picture's own size");
  g.output("blackbox_image", batch(g, forBlackBox), [1, 3, ...shownSides], "RGB, 0..255, as the black box is shown it");
  g.output("blackbox_point_coords", inShown, [1, 1, 2], "the click, in pixels of blackbox_image");
  g.output("visual_prompt", batch(g, prompt), [1, 3, ...squareSides], "grey levels added, on the decoder's square");
  const { study, version } = provenance;
  return g.encode({
    name: "fedbaps-visual-prompt",
    producerVersion,
    meaning: `Draws the visual prompt of ${study}, version ${version}, for the black box ${provenance.blackbox}`,
    metadata: metadataOf(provenance, sizing, theta.length),
  });
}

function drawingOf(kind: string): Drawing {
  const drawing = DRAWINGS[kind];
  if (!drawing)
    throw new ExportError(
      "EXPORT_KIND",
      `a decoder of the kind ${kind} cannot be written as ONNX; use its .safetensors file`,
    );
  return drawing;
}

/** clip(picture + prompt) to 0..255. */
function clipped(g: Graph, planes: Value<"float32">, prompt: Value<"float32">): Value<"float32"> {
  return g.min(g.max(g.add(planes, prompt), 0), 255);
}

function batch(g: Graph, planes: Value<"float32">): Value<"float32"> {
  return g.op("float32", "Unsqueeze", [planes, g.constant("int64", [0])]);
}

function metadataOf(provenance: DecoderProvenance, sizing: Sizing, parameters: number): Record<string, string> {
  const { decoder, blackbox, blackboxIdentity, study, version, seed } = provenance;
  const { width, height } = sizing.nativeSize;
  return {
    format: GRAPH_FORMAT,
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
    licence: LICENCE,
  };
}
