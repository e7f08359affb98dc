// Stand-ins for the encoders of the Segment Anything family: the names, types and shapes of the exports that people
// have, and in the embedding nothing but the picture's colours on a grid of 256 x 256.
import { type Dimension, FLOAT, FLOAT16, GraphBuilder, UINT8 } from "./onnx-graph.js";

/** Cells along each side of the grid that embeddings hold: four times the embedding's own 64. */
export const GRID = 256;
const CELLS = 64;
const WIDTH = 256;

/** ImageNet's mean and deviation for pixels in 0..1. */
export const MEAN = [0.485, 0.456, 0.406] as const;
export const DEVIATION = [0.229, 0.224, 0.225] as const;

export interface EncoderOptions {
  readonly input: string;
  /** Side of the square that the network sees. */
  readonly side?: number;
  readonly layout?: "NCHW" | "NHWC" | "HWC";
  readonly type?: number;
  readonly batch?: Dimension;
  /** Height and width of the input are left free. */
  readonly free?: boolean;
  /** Brings any size to the square by itself. */
  readonly resizes?: boolean;
  /** Pads what is smaller to the square by itself. */
  readonly pads?: boolean;
  /**
   * What the graph does to pixels itself: nothing, the mean and deviation of 0..255 or 0..1, those of 0..1 after a division
   * by 255, or the picture's own range.
   */
  readonly arithmetic?: "none" | "0..255" | "0..1" | "scaled" | "minmax";
  /** What a network without arithmetic of its own was trained on. */
  readonly trainedOn?: "normalised" | "minmax";
  /** Computes with bytes inside. */
  readonly quantised?: boolean;
  readonly output?:
    | "sam"
    | "hugging-face"
    | "high-quality"
    | readonly [string, string, string]
    | { readonly name: string };
}

/** The bytes of an encoder's ONNX file. */
export function samEncoder(options: EncoderOptions): Buffer {
  const { batch = 1, type = FLOAT, output = "sam" } = options;
  const g = new GraphBuilder();
  const colours = pooled(g, seen(g, options), options);
  const out = type === FLOAT16 ? FLOAT16 : FLOAT;
  const give = (name: string, shape: readonly Dimension[], value: string) =>
    g.output(name, shape, out === FLOAT ? value : g.op("Cast", [value], { to: out }), out);
  const embedding: readonly Dimension[] = [batch, WIDTH, CELLS, CELLS];
  if (typeof output === "object" && !("name" in output)) {
    // SAM 2 has features at three resolutions; here each of them carries one colour.
    const [fine, middle, coarse] = output;
    const [red, green, blue] = g.ops("Split", [colours, g.ints(1, 1, 1)], 3, { axis: 1 });
    give(fine, [batch, 32, GRID, GRID], widened(g, red, 1, 32));
    give(middle, [batch, 64, GRID / 2, GRID / 2], widened(g, g.op("SpaceToDepth", [green], { blocksize: 2 }), 4, 64));
    give(coarse, embedding, widened(g, g.op("SpaceToDepth", [blue], { blocksize: 4 }), 16, WIDTH));
    return g.file();
  }
  const name = typeof output === "object" ? output.name : "image_embeddings";
  give(name, embedding, widened(g, g.op("SpaceToDepth", [colours], { blocksize: 4 }), 48, WIDTH));
  if (output === "hugging-face") give("image_positional_embeddings", embedding, positions(g, options.side ?? 1024));
  if (output === "high-quality") give("interm_embeddings", [4, 1, CELLS, CELLS, 16], intermediate(g, colours));
  return g.file();
}

/** The input as [B,3,side,side], in the numbers that the network was trained on. */
function seen(g: GraphBuilder, options: EncoderOptions): string {
  const { input, side = 1024, layout = "NCHW", type = FLOAT, batch = 1, free, arithmetic = "none" } = options;
  const [height, width]: Dimension[] = free ? ["height", "width"] : [side, side];
  const shape = { NCHW: [batch, 3, height, width], NHWC: [batch, height, width, 3], HWC: [height, width, 3] }[layout];
  let x = g.input(input, shape, type);
  if (type === FLOAT16 || type === UINT8) x = g.op("Cast", [x], { to: FLOAT });
  const perChannel = layout === "NCHW" ? [1, 3, 1, 1] : [3];
  const standardised = (factor: number) => {
    const centred = g.op("Sub", [
      x,
      g.floats(
        MEAN.map((value) => value * factor),
        perChannel,
      ),
    ]);
    return g.op("Div", [
      centred,
      g.floats(
        DEVIATION.map((value) => value * factor),
        perChannel,
      ),
    ]);
  };
  if (arithmetic === "scaled") x = g.op("Div", [x, g.float(255)]);
  if (arithmetic === "scaled" || arithmetic === "0..1") x = standardised(1);
  if (arithmetic === "0..255") x = standardised(255);
  if (arithmetic === "minmax") {
    const [least, most] = ["ReduceMin", "ReduceMax"].map((operator) => g.op(operator, [x], { keepdims: 0 }));
    x = g.op("Div", [g.op("Sub", [x, least]), g.op("Sub", [most, least])]);
  }
  if (layout === "NHWC") x = g.op("Transpose", [x], { perm: [0, 3, 1, 2] });
  if (layout === "HWC") x = g.op("Unsqueeze", [g.op("Transpose", [x], { perm: [2, 0, 1] }), g.ints(0)]);
  if (options.resizes) {
    const leading = g.op("Slice", [g.op("Shape", [x]), g.ints(0), g.ints(2)]);
    x = g.op("Resize", [x, "", "", g.op("Concat", [leading, g.ints(side, side)], { axis: 0 })], { mode: "linear" });
  }
  if (options.pads) {
    const missing = g.op("Sub", [g.ints(side, side), g.op("Slice", [g.op("Shape", [x]), g.ints(2), g.ints(4)])]);
    x = g.op("Pad", [x, g.op("Concat", [g.ints(0, 0, 0, 0, 0, 0), missing], { axis: 0 })]);
  }
  return x;
}

/** The mean colours on the grid, [B,3,256,256], on the scale of normalised pixels. */
function pooled(g: GraphBuilder, x: string, options: EncoderOptions): string {
  const { side = 1024, arithmetic = "none", trainedOn = "normalised", quantised } = options;
  const cell = side / GRID;
  const colours = quantised
    ? summedAsBytes(g, x, cell)
    : g.op("AveragePool", [x], { kernel_shape: [cell, cell], strides: [cell, cell] });
  if (arithmetic !== "minmax" && trainedOn !== "minmax") return colours;
  return g.op("Div", [g.op("Sub", [colours, g.float(0.5)]), g.float(0.29)]);
}

function summedAsBytes(g: GraphBuilder, x: string, cell: number): string {
  const [bytes, scale, zero] = g.ops("DynamicQuantizeLinear", [x], 3);
  const area = cell * cell;
  const ones = Array.from({ length: 9 * area }, (_, i) => (Math.floor(i / area) % 4 === 0 ? 1 : 0));
  const kernel = g.constant({ shape: [3, 3, cell, cell], values: ones, type: UINT8 });
  const sums = g.op("ConvInteger", [bytes, kernel, zero], { kernel_shape: [cell, cell], strides: [cell, cell] });
  const mean = g.op("Div", [g.op("Cast", [sums], { to: FLOAT }), g.float(area)]);
  return g.op("Mul", [mean, scale]);
}

/** With channels of zeros up to the width that the family's networks have. */
function widened(g: GraphBuilder, x: string, from: number, to: number): string {
  return g.op("Pad", [x, g.ints(0, 0, 0, 0, 0, to - from, 0, 0)]);
}

/** Where the grid's cells lie in the frame, x and y, as an embedding. */
function positions(g: GraphBuilder, side: number): string {
  const centres = g.floats(Array.from({ length: GRID }, (_, i) => ((i + 0.5) * side) / GRID));
  const along = (shape: readonly number[]) =>
    g.op("Expand", [g.op("Reshape", [centres, g.ints(...shape)]), g.ints(1, 1, GRID, GRID)]);
  const grid = g.op("Concat", [along([1, 1, 1, GRID]), along([1, 1, GRID, 1])], { axis: 1 });
  return widened(g, g.op("SpaceToDepth", [grid], { blocksize: 4 }), 32, WIDTH);
}

/** Four layers' worth of features. Narrower than those of real networks, which have at least 768 channels. */
function intermediate(g: GraphBuilder, colours: string): string {
  const mean = g.op("ReduceMean", [colours], { axes: [1], keepdims: 1 });
  const cells = g.op("Transpose", [g.op("SpaceToDepth", [mean], { blocksize: 4 })], { perm: [0, 2, 3, 1] });
  return g.op("Expand", [g.op("Unsqueeze", [cells, g.ints(0)]), g.ints(4, 1, CELLS, CELLS, 16)]);
}
