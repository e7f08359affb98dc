import { AMPLITUDE, EPSILON } from "../decoder/baps.js";
import { CONTRAST_SCALES, encodeImage, frequencies } from "../decoder/baps-encoder.js";
import { ENCODER_CHANNELS, GRID, PROMPT_CHANNELS, WIDTHS } from "../decoder/baps-layout.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { blurred } from "./blur.js";
import type { DrawingInit } from "./drawing.js";
import type { Graph, Value } from "./graph.js";
import type { PlaceValues } from "./place.js";

const CELLS = GRID * GRID;
const CELL = DECODER_SIZE / GRID;
/** The encoder's last channels: place (x, y) and a constant, the same for every picture. */
const FIXED_CHANNELS = 3;

type Floats = Value<"float32">;
type Doubles = Value<"float64">;

/** The decoder `baps` as operators, layer by layer as `BapsDecoder` has it. */
export function bapsDrawing({ g, square, click, parameter }: DrawingInit): Floats {
  const normal = (x: Floats, layer: string) =>
    gelu(
      g,
      g.op("float32", "LayerNormalization", [x, parameter(`${layer}.norm.gain`), parameter(`${layer}.norm.bias`)], {
        axis: -1,
        epsilon: { float: EPSILON },
      }),
    );
  const linear = (x: Floats, layer: string) => g.matMul(x, parameter(`${layer}.weight`));
  const prompt = g.add(linear(encodedClick(g, click), "prompt"), parameter("prompt.bias"));
  const converted = g.reshape(normal(prompt, "prompt"), CELLS, PROMPT_CHANNELS);
  let x = g.concat(1, encodedImage(g, square), converted);
  let side = GRID;
  for (const [i, width] of WIDTHS.entries()) {
    // Depth to space by two: every pixel becomes 2 x 2.
    const cells = g.reshape(linear(x, `up${i}`), side, side, 2, 2, width);
    side *= 2;
    x = g.add(g.reshape(g.transpose(cells, 0, 2, 1, 3, 4), side * side, width), parameter(`up${i}.bias`));
    if (i < WIDTHS.length - 1) x = normal(x, `up${i}`);
  }
  return g.reshape(g.transpose(g.mul(x, AMPLITUDE), 1, 0), WIDTHS[WIDTHS.length - 1], side, side);
}

function gelu(g: Graph, x: Floats): Floats {
  return g.mul(x, g.op("float32", "Sigmoid", [g.mul(x, 1.702)]));
}

/** `encodeImage`: [CELLS, ENCODER_CHANNELS]. */
function encodedImage(g: Graph, square: Floats): Floats {
  const mean = g.cast(pooled(g, square), "float64");
  const meanOfSquares = g.cast(pooled(g, g.mul(square, square)), "float64");
  const variance = g.max(g.sub(meanOfSquares, g.mul(mean, mean)), 0);
  const spread = g.div(g.op("float64", "Sqrt", [variance]), 32);
  const planes = g.cast(square, "float64");
  const sum = g.add(g.add(g.at(planes, 0), g.at(planes, 1)), g.at(planes, 2));
  const grey = g.stored(g.div(sum, 3));
  const contrasts = CONTRAST_SCALES.map((scale) => {
    const away = g.div(g.abs(g.sub(grey, blurred(g, grey, DECODER_SIZE, scale))), 16);
    return pooled(g, g.cast(away, "float32"));
  });
  const channels = g.concat(
    0,
    g.cast(g.sub(g.div(mean, 64), 2), "float32"),
    g.cast(spread, "float32"),
    ...contrasts,
    g.constant("float32", fixedChannels(), [FIXED_CHANNELS, CELLS]),
  );
  return g.transpose(channels, 1, 0);
}

/**
 * Means over the cells of [channels, DECODER_SIZE, DECODER_SIZE] (or of one plane), as [channels, CELLS]. Added up one
 * pixel after another in float32, as the pipeline does it: the spread of a flat cell is a root of what rounding leaves.
 */
function pooled(g: Graph, planes: Floats): Floats {
  const cells = g.transpose(g.reshape(planes, -1, GRID, CELL, GRID, CELL), 0, 1, 3, 2, 4);
  const rows = g.reshape(cells, -1, CELLS, CELL * CELL);
  const sums = g.op("float32", "CumSum", [rows, g.scalar("int64", 2)]);
  return g.div(g.at(sums, CELL * CELL - 1, 2), CELL * CELL);
}

/** What `encodeImage` says of any picture, channel by channel. */
function fixedChannels(): Float32Array {
  const black = new Float32Array(DECODER_SIZE * DECODER_SIZE * 3);
  const encoded = encodeImage({ data: black, width: DECODER_SIZE, height: DECODER_SIZE, channels: 3 });
  const first = ENCODER_CHANNELS - FIXED_CHANNELS;
  return Float32Array.from(
    { length: FIXED_CHANNELS * CELLS },
    (_, i) => encoded[(i % CELLS) * ENCODER_CHANNELS + first + Math.floor(i / CELLS)],
  );
}

/** `encodeClick`: [1, 2 x FREQUENCIES]. */
function encodedClick(g: Graph, click: PlaceValues): Floats {
  const relative = (at: Doubles) => g.sub(g.div(g.mul(g.add(at, 0.5), 2), DECODER_SIZE), 1);
  const along = (at: Doubles, axis: number) =>
    g.mul(
      g.constant(
        "float64",
        frequencies.filter((_, i) => i % 2 === axis),
      ),
      relative(at),
    );
  const angles = g.mul(g.add(along(click.x, 0), along(click.y, 1)), 2 * Math.PI);
  const wave = (operator: "Sin" | "Cos") => g.cast(g.op("float64", operator, [angles]), "float32");
  return g.reshape(g.concat(0, wave("Sin"), wave("Cos")), 1, frequencies.length);
}
