import { readFile } from "node:fs/promises";
import { readModelMessage } from "../blackbox/onnx-schema.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { CERTAIN, SHARPNESS } from "../decoder/texture.js";
import { TILE } from "../decoder/texture-layout.js";
import { FARTHEST, GUIDE_FEATURES, GUIDE_GRID, GUIDE_MODEL_FILE } from "../guide/guide.js";
import type { DrawingInit } from "./drawing.js";
import type { Graph, Value } from "./graph.js";
import { fixedSize, type PlaceValues } from "./place.js";
import { resize } from "./resize.js";

const HALF_RANGE = 127.5;

type Floats = Value<"float32">;
type Doubles = Value<"float64">;
type Parameter = DrawingInit["parameter"];

/**
 * The decoder `texture` as operators, with the whole guide network among them. From the guide's answer on in double: the
 * sharpened belief has steep edges, on which what is rounded away would be seen.
 * @throws what reading the guide's file throws.
 */
export async function textureDrawing({ g, square, click, parameter }: DrawingInit): Promise<Floats> {
  const view = guideView(g, square, click, await readFile(GUIDE_MODEL_FILE));
  const belief = sharpened(g, beliefOf(g, view, parameter));
  const unbelief = g.sub(g.scalar("float64", 1), belief);
  const blend = (inside: Doubles, outside: Doubles) => g.add(g.mul(belief, inside), g.mul(unbelief, outside));
  const amounts = g.min(g.max(g.cast(parameter("amount"), "float64"), 0), 1);
  const textureOf = (side: string) => texture(g, parameter(`texture.${side}`));
  const target = g.mul(g.add(blend(textureOf("inside"), textureOf("outside")), 1), HALF_RANGE);
  const missing = g.sub(target, g.cast(square, "float64"));
  return g.cast(g.mul(blend(g.at(amounts, 0), g.at(amounts, 1)), missing), "float32");
}

interface GuideValues {
  /** [places] */
  readonly logits: Floats;
  /** [places, GUIDE_FEATURES] */
  readonly features: Floats;
}

/** `Guide.look` at one picture. */
function guideView(g: Graph, square: Floats, click: PlaceValues, guide: Uint8Array): GuideValues {
  const point = g.concat(0, g.reshape(click.x, 1), g.reshape(click.y, 1));
  const output = g.include("guide/", readModelMessage(guide), {
    image: g.reshape(square, 1, 3, DECODER_SIZE, DECODER_SIZE),
    point_coords: g.reshape(g.cast(point, "float32"), 1, 1, 2),
    point_labels: g.constant("float32", [1], [1, 1]),
  });
  const features = g.min(g.max(output("features"), -FARTHEST), FARTHEST);
  return { logits: g.reshape(output("logits"), -1), features: g.reshape(features, -1, GUIDE_FEATURES) };
}

/** `beliefOf`, enlarged to the decoder's square. */
function beliefOf(g: Graph, { logits, features }: GuideValues, parameter: Parameter): Doubles {
  const weights = (name: string) => g.cast(parameter(`head.${name}`), "float64");
  const rectified = g.max(g.add(g.matMul(g.cast(features, "float64"), weights("weight")), weights("bias")), 0);
  const correction = g.add(g.matMul(rectified, weights("out")), weights("out_bias"));
  const belief = g.stored(sigmoid(g, g.add(g.cast(logits, "float64"), correction)));
  const small = fixedSize(g, GUIDE_GRID, GUIDE_GRID);
  const whole = fixedSize(g, DECODER_SIZE, DECODER_SIZE);
  return g.stored(resize(g, g.reshape(belief, 1, GUIDE_GRID, GUIDE_GRID), small, whole));
}

function sharpened(g: Graph, belief: Doubles): Doubles {
  const held = g.min(g.max(belief, CERTAIN), 1 - CERTAIN);
  const odds = g.div(held, g.sub(g.scalar("float64", 1), held));
  return g.stored(sigmoid(g, g.mul(g.op("float64", "Log", [odds]), SHARPNESS)));
}

function sigmoid(g: Graph, logits: Doubles): Doubles {
  const inverse = g.add(g.op("float64", "Exp", [g.mul(logits, -1)]), 1);
  return g.div(g.scalar("float64", 1), inverse);
}

/** Tiled over the square: [3, DECODER_SIZE, DECODER_SIZE]. */
function texture(g: Graph, values: Floats): Doubles {
  const repeats = DECODER_SIZE / TILE;
  const tile = g.op("float64", "Tanh", [g.cast(values, "float64")]);
  return g.op("float64", "Tile", [tile, g.constant("int64", [1, repeats, repeats])]);
}
