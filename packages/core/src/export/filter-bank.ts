import {
  BUMP_SCALES,
  COLOUR_UNIT,
  CONTRAST_SCALES,
  CONTRAST_UNIT,
  IMAGE_BASIS,
  LIKENESS_SCALES,
  PROMPT_BASIS,
  placeBasis,
  SMOOTH_SCALE,
  TEXTURE_SCALE,
} from "../decoder/basis-images.js";
import { AMPLITUDE } from "../decoder/filter-bank.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { blurred } from "./blur.js";
import type { DrawingInit } from "./drawing.js";
import { ExportError } from "./errors.js";
import type { Graph, Value } from "./graph.js";
import { type PlaceValues, rounded } from "./place.js";

const PIXELS = DECODER_SIZE * DECODER_SIZE;
const COLOURS = ["red", "green", "blue"];

type Doubles = Value<"float64">;

/** Basis images, one a row of PIXELS, with their names. */
interface Block {
  readonly names: readonly string[];
  readonly rows: Doubles;
}

/** The decoder `filter-bank` as operators; see `imageBasis` and `promptBasis` for what is computed. */
export function filterBankDrawing({ g, square, click, parameter }: DrawingInit): Value<"float32"> {
  const planes = g.cast(square, "float64");
  const means = g.op("float64", "ReduceMean", [planes], { axes: [1, 2], keepdims: 1 });
  const smooth = blurred(g, planes, DECODER_SIZE, SMOOTH_SCALE);
  const colour = colourAt(g, smooth, click);
  const product = (name: string, blocks: readonly Block[], order: readonly string[]) =>
    g.matMul(g.transpose(parameter(name), 1, 0), basis(g, blocks, order));
  const fromImage = product("image.coefficients", imageBlocks(g, planes, means), IMAGE_BASIS);
  const fromPrompt = product("prompt.coefficients", promptBlocks(g, smooth, means, colour, click), PROMPT_BASIS);
  // The click's colour against the picture's mean, times its own coefficients: the same for every pixel.
  const against = g.cast(g.div(g.sub(colour, means), COLOUR_UNIT), "float32");
  const everywhere = g.matMul(g.transpose(parameter("click.coefficients"), 1, 0), g.reshape(against, 3, 1));
  const drawn = g.mul(g.add(g.add(fromImage, everywhere), fromPrompt), AMPLITUDE);
  return g.reshape(drawn, 3, DECODER_SIZE, DECODER_SIZE);
}

/** [basis images, PIXELS], in the order of the coefficients. @throws ExportError EXPORT_KIND when the decoder has others. */
function basis(g: Graph, blocks: readonly Block[], order: readonly string[]): Value<"float32"> {
  const names = blocks.flatMap((block) => block.names);
  const strange = order.find((name, i) => name !== names[i]) ?? names[order.length];
  if (strange !== undefined)
    throw new ExportError("EXPORT_KIND", `the basis image ${strange} of the decoder cannot be written as ONNX`);
  return g.concat(0, ...blocks.map(({ rows }) => g.reshape(g.cast(rows, "float32"), -1, PIXELS)));
}

/** What depends on the picture alone (`imageBasis`). */
function imageBlocks(g: Graph, planes: Doubles, means: Doubles): Block[] {
  const places = placeBasis(DECODER_SIZE, DECODER_SIZE);
  const place = g.parameter("place.basis", joined(places), [places.length, PIXELS]);
  const contrasts = CONTRAST_SCALES.map((scale) =>
    g.stored(g.div(g.sub(planes, blurred(g, planes, DECODER_SIZE, scale)), CONTRAST_UNIT)),
  );
  // Added up in float32, as the pipeline does it.
  const finest = g.cast(g.abs(contrasts[0]), "float32");
  const energy = g.add(g.add(g.at(finest, 0), g.at(finest, 1)), g.at(finest, 2));
  const texture = blurred(g, g.cast(energy, "float64"), DECODER_SIZE, TEXTURE_SCALE);
  const mean = g.op("float64", "ReduceMean", [texture], { axes: [0, 1], keepdims: 1 });
  const flat = g.op("bool", "Equal", [mean, g.scalar("float64", 0)]);
  const typical = g.where(flat, g.scalar("float64", 1), mean);
  return [
    { names: IMAGE_BASIS.slice(0, places.length), rows: g.cast(place, "float64") },
    { names: each("colour"), rows: g.div(g.sub(planes, means), COLOUR_UNIT) },
    ...CONTRAST_SCALES.map((scale, s) => ({ names: each(`contrast-${scale}`), rows: contrasts[s] })),
    { names: ["texture"], rows: g.sub(g.div(texture, typical), 1) },
  ];
}

/** What depends on the click too (`promptBasis`). */
function promptBlocks(g: Graph, smooth: Doubles, means: Doubles, colour: Doubles, click: PlaceValues): Block[] {
  const positions = g.constant("float64", [...Array(DECODER_SIZE).keys()]);
  const dx = g.reshape(g.sub(positions, click.x), 1, 1, DECODER_SIZE);
  const dy = g.reshape(g.sub(positions, click.y), 1, DECODER_SIZE, 1);
  const square = (value: Doubles) => g.mul(value, value);
  const profile = (away: Doubles, scale: number) => g.op("float64", "Exp", [g.div(square(away), -2 * scale * scale)]);
  const bumps = BUMP_SCALES.map((scale) => g.mul(profile(dx, scale), profile(dy, scale)));
  const distance = g.op("float64", "Sqrt", [g.add(square(dx), square(dy))]);
  const differences = g.sub(smooth, colour);
  const squares = g.op("float64", "ReduceSum", [square(differences), g.constant("int64", [0])], { keepdims: 1 });
  const likeness = LIKENESS_SCALES.map((scale) =>
    g.op("float64", "Reciprocal", [g.add(g.mul(squares, 1 / (scale * scale)), 1)]),
  );
  const near = bumps[2];
  const [, fair, loose] = likeness;
  const shaded = (by: Doubles, values: Doubles) => g.mul(g.div(by, COLOUR_UNIT), values);
  return [
    ...BUMP_SCALES.map((scale, s) => ({ names: [`bump-${scale}`], rows: bumps[s] })),
    { names: ["click-distance"], rows: g.mul(distance, 2 / Math.hypot(DECODER_SIZE, DECODER_SIZE)) },
    ...LIKENESS_SCALES.map((scale, s) => ({ names: [`likeness-${scale}`], rows: likeness[s] })),
    { names: ["likeness-near"], rows: g.mul(fair, near) },
    { names: each("likeness-colour"), rows: shaded(fair, g.sub(smooth, means)) },
    { names: each("near-difference"), rows: shaded(near, differences) },
    { names: each("like-difference"), rows: shaded(loose, differences) },
  ];
}

/** The colour of the pixel under the click, or of the nearest one: [3, 1, 1]. */
function colourAt(g: Graph, smooth: Doubles, click: PlaceValues): Doubles {
  const index = (along: Doubles) => g.cast(g.min(g.max(rounded(g, along), 0), DECODER_SIZE - 1), "int64");
  const row = g.at(smooth, index(click.y), 1);
  return g.reshape(g.at(row, index(click.x), 1), 3, 1, 1);
}

function each(kind: string): string[] {
  return COLOURS.map((channel) => `${kind}-${channel}`);
}

function joined(columns: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(columns.length * PIXELS);
  for (const [c, column] of columns.entries()) out.set(column, c * PIXELS);
  return out;
}
