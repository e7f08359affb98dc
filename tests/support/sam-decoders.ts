// Stand-ins for the decoders of the Segment Anything family: the names, types and shapes of the exports that people
// have, and answers that can be said beforehand. Probable is what is bright and near a foreground click or in the box.
import { BOOL, type Dimension, FLOAT, GraphBuilder, INT64, UINT8 } from "./onnx-graph.js";
import { GRID } from "./sam-encoders.js";

/** Logits at most, and of what is bright and near. */
const STRONG = 4;
/** Logits for each unit of normalised brightness: about `STRONG` for grey levels 100 above or below `MIDDLE_GREY`. */
const CONTRAST = 2.3;
/** The grey level whose normalised brightness is 0: neither bright nor dark. */
export const MIDDLE_GREY = 114.44;
/** How far a click reaches unless told: a share of the frame's side. */
const REACH = 0.2;
/** How steeply logits fall at that distance. */
const STEEP = 4;
/** Pixels of the frame over which logits fall at a box's edge. */
const BOX_EDGE = 8;
const NOWHERE = 1e6;

/** Offsets and scores of the masks: the wrong ones are empty or full, so that a wrong choice shows. */
const CHOICES: Readonly<Record<number, { readonly offsets: readonly number[]; readonly scores: readonly number[] }>> = {
  1: { offsets: [0], scores: [0.8] },
  3: { offsets: [-50, 0, 50], scores: [0.1, 0.9, 0.2] },
  // The first is for prompts of several positions, the best of the others for one.
  4: { offsets: [0, -50, 0, 50], scores: [0.95, 0.1, 0.9, 0.2] },
};

interface PromptParts {
  /** [N,2], pixels of the frame. */
  readonly points: string;
  /** [N], float. */
  readonly labels: string;
  /** [M,4], pixels of the frame; of labels 2 and 3 where absent. */
  readonly boxes?: string;
  /** The graph adds the position without a meaning itself. */
  readonly pads: boolean;
}

interface Ground {
  readonly side: number;
  readonly reach?: number | undefined;
  /** [1,1,256,256]; absent where only the prompt counts. */
  readonly brightness?: string | undefined;
  /** Positions of the cells, each to be broadcast to [N,256,256]. */
  readonly grid?: { readonly x: string; readonly y: string };
}

/** [1,1,256,256] */
function logitsOf(
  g: GraphBuilder,
  parts: PromptParts,
  { side, reach = REACH, brightness, grid = gridOf(g, side) }: Ground,
): string {
  let points = g.op("Add", [parts.points, g.float(0.5)]);
  let { labels } = parts;
  if (parts.pads) {
    points = g.op("Concat", [points, g.floats([0, 0], [1, 2])], { axis: 0 });
    labels = g.op("Concat", [labels, g.floats([-1])], { axis: 0 });
  }
  const column = (i: number) =>
    g.op("Gather", [points, g.constant({ shape: [], values: [i], type: INT64 })], { axis: 1 });
  const raised = (x: string) => g.op("Unsqueeze", [x, g.ints(1, 2)]);
  const squared = (x: string, at: string) => {
    const difference = g.op("Sub", [at, raised(x)]);
    return g.op("Mul", [difference, difference]);
  };
  const [x, y] = [column(0), column(1)];
  const distances = g.op("Add", [squared(x, grid.x), squared(y, grid.y)]);
  const labelled = (label: number) => g.op("Equal", [labels, g.float(label)]);
  const radius = (reach * side) ** 2;
  /** Around the positions of one label: positive nearer than the reach. */
  const near = (label: number, least: number) => {
    const own = g.op("Where", [raised(labelled(label)), distances, g.float(NOWHERE ** 2)]);
    const nearest = g.op("ReduceMin", [own], { axes: [0], keepdims: 1 });
    const inside = g.op("Mul", [g.op("Sub", [g.float(radius), nearest]), g.float((STEEP * STRONG) / radius)]);
    return clipped(g, inside, least);
  };
  const boxes = parts.boxes ? g.op("Add", [parts.boxes, g.float(0.5)]) : cornersOf(g, x, y, labelled);
  const wanted = g.op("Max", [near(1, -STRONG), insideOf(g, boxes, grid)]);
  const prompt = g.op("Sub", [wanted, near(0, 0)]);
  const all = brightness ? g.op("Min", [g.op("Mul", [brightness, g.float(CONTRAST)]), prompt]) : prompt;
  return g.op("Reshape", [all, g.ints(1, 1, GRID, GRID)]);
}

const clipped = (g: GraphBuilder, x: string, least: number) => g.op("Clip", [x, g.float(least), g.float(STRONG)]);

function gridOf(g: GraphBuilder, side: number): { x: string; y: string } {
  const centres = Array.from({ length: GRID }, (_, i) => ((i + 0.5) * side) / GRID);
  return { x: g.floats(centres, [1, 1, GRID]), y: g.floats(centres, [1, GRID, 1]) };
}

/** [1,4]: the positions labelled as corners; a box that holds nothing where there are none. */
function cornersOf(g: GraphBuilder, x: string, y: string, labelled: (label: number) => string): string {
  const corner = (label: number, nowhere: number) => {
    const here = g.op("Cast", [labelled(label)], { to: FLOAT });
    const there = g.op("Mul", [
      g.op("Sub", [g.float(1), g.op("ReduceMax", [here], { keepdims: 1 })]),
      g.float(nowhere),
    ]);
    return [x, y].map((values) =>
      g.op("Add", [g.op("ReduceSum", [g.op("Mul", [values, here])], { keepdims: 1 }), there]),
    );
  };
  const edges = [...corner(2, NOWHERE), ...corner(3, -NOWHERE)];
  return g.op("Unsqueeze", [g.op("Concat", edges, { axis: 0 }), g.ints(0)]);
}

function insideOf(g: GraphBuilder, boxes: string, grid: { x: string; y: string }): string {
  const empty = g.floats([NOWHERE, NOWHERE, -NOWHERE, -NOWHERE], [1, 4]);
  const all = g.op("Concat", [boxes, empty], { axis: 0 });
  const [left, top, right, bottom] = g
    .ops("Split", [all, g.ints(1, 1, 1, 1)], 4, { axis: 1 })
    .map((edge) => g.op("Unsqueeze", [edge, g.ints(2)]));
  const depth = g.op("Min", [
    g.op("Sub", [grid.x, left]),
    g.op("Sub", [right, grid.x]),
    g.op("Sub", [grid.y, top]),
    g.op("Sub", [bottom, grid.y]),
  ]);
  const deepest = g.op("ReduceMax", [depth], { axes: [0], keepdims: 1 });
  return clipped(g, g.op("Mul", [deepest, g.float(STRONG / BOX_EDGE)]), -STRONG);
}

const asFloat = (g: GraphBuilder, x: string) => g.op("Cast", [x], { to: FLOAT });
const flat = (g: GraphBuilder, x: string, ...shape: number[]) => g.op("Reshape", [asFloat(g, x), g.ints(...shape)]);

/** The mean of the colours that `samEncoder` put into an embedding, [1,1,256,256]. */
function brightnessOf(g: GraphBuilder, embedding: string, quantised = false): string {
  const kept = g.op("Slice", [asFloat(g, embedding), g.ints(0), g.ints(48), g.ints(1)]);
  const colours = g.op("DepthToSpace", [kept], { blocksize: 4 });
  if (!quantised) return g.op("ReduceMean", [colours], { axes: [1], keepdims: 1 });
  const rows = g.op("Reshape", [g.op("Transpose", [colours], { perm: [0, 2, 3, 1] }), g.ints(-1, 3)]);
  const [bytes, scale, zero] = g.ops("DynamicQuantizeLinear", [rows], 3);
  const ones = g.constant({ shape: [3, 1], values: [1, 1, 1], type: UINT8 });
  const sums = asFloat(g, g.op("MatMulInteger", [bytes, ones, zero]));
  const mean = g.op("Reshape", [g.op("Mul", [g.op("Div", [sums, g.float(3)]), scale]), g.ints(1, 1, GRID, GRID)]);
  const step = g.float(0.03);
  const middle = g.constant({ shape: [], values: [128], type: UINT8 });
  return g.op("DequantizeLinear", [g.op("QuantizeLinear", [mean, step, middle]), step, middle]);
}

/** [1,M,256,256] and [1,M] */
function offered(g: GraphBuilder, logits: string, count: number): { masks: string; scores: string } {
  const { offsets, scores } = CHOICES[count];
  return {
    masks: g.op("Add", [logits, g.floats(offsets, [1, count, 1, 1])]),
    scores: g.floats(scores, [1, count]),
  };
}

function resized(g: GraphBuilder, x: string, count: number, size: string): string {
  const sizes = g.op("Concat", [g.ints(1, count), g.op("Cast", [size], { to: INT64 })], { axis: 0 });
  return g.op("Resize", [x, "", "", sizes], { mode: "linear" });
}

/** An earlier mask, where there is one, is added. */
function withEarlier(g: GraphBuilder, logits: string, mask: string, has: string): string {
  return g.op("Add", [logits, g.op("Mul", [asFloat(g, mask), asFloat(g, has)])]);
}

export interface SamDecoderOptions {
  readonly masks?: 1 | 4;
  readonly side?: number;
  /** Type of all tensors. */
  readonly type?: number;
  readonly quantised?: boolean;
  readonly highQuality?: boolean;
  /** Deaf to the picture: a disc about the click, of this radius as a share of the frame's side. */
  readonly clickOnly?: number;
  /** Cuts the padding off as of a picture of 3 : 2, whatever it is. */
  readonly frozenAspect?: boolean;
  /** What is called `low_res_masks`: the masks, one number everywhere, or scores. */
  readonly lowRes?: "masks" | "constant" | "scores";
  /** So many positions, always. */
  readonly tokens?: number;
  /** Of a position. */
  readonly coordinates?: number;
}

/** As Meta's own script exports it, and those who follow it. */
export function samDecoder(options: SamDecoderOptions = {}): Buffer {
  const { masks: count = 1, side = 1024, type = FLOAT, lowRes = "masks", tokens = "num_points" } = options;
  const g = new GraphBuilder();
  const embedding = g.input("image_embeddings", [1, 256, 64, 64], type);
  const layers = options.highQuality ? g.input("interm_embeddings", [4, 1, 64, 64, 16], type) : undefined;
  const points = g.input("point_coords", [1, tokens, options.coordinates ?? 2], type);
  const labels = g.input("point_labels", [1, tokens], type);
  const mask = g.input("mask_input", [1, 1, GRID, GRID], type);
  const has = g.input("has_mask_input", [1], type);
  const size = g.input("orig_im_size", [2], type);
  let brightness = options.clickOnly ? undefined : brightnessOf(g, embedding, options.quantised);
  if (layers && brightness) brightness = g.op("Div", [g.op("Add", [brightness, layersOf(g, layers)]), g.float(2)]);
  const parts = { points: flat(g, points, -1, 2), labels: flat(g, labels, -1), pads: false };
  const logits = withEarlier(g, logitsOf(g, parts, { side, brightness, reach: options.clickOnly }), mask, has);
  const { masks, scores } = offered(g, logits, count);
  const typed = (value: string) => (type === FLOAT ? value : g.op("Cast", [value], { to: type }));
  g.output("masks", [1, count, "height", "width"], typed(unpadded(g, masks, count, asFloat(g, size), options)), type);
  g.output("iou_predictions", [1, count], typed(scores), type);
  if (lowRes === "scores") {
    g.output("low_res_masks", [1, count], typed(scores), type);
    g.output("1234", [1, count, GRID, GRID], typed(masks), type);
  } else {
    const given = lowRes === "constant" ? g.op("Mul", [masks, g.float(0)]) : masks;
    g.output("low_res_masks", [1, count, GRID, GRID], typed(given), type);
  }
  return g.file();
}

/** The brightness out of the layers that HQ-SAM hands on. */
function layersOf(g: GraphBuilder, layers: string): string {
  const mean = g.op("ReduceMean", [asFloat(g, layers)], { axes: [0], keepdims: 0 });
  return g.op("DepthToSpace", [g.op("Transpose", [mean], { perm: [0, 3, 1, 2] })], { blocksize: 4 });
}

/** Brings masks of the frame to the image's size: cuts the padding off and resizes. */
function unpadded(
  g: GraphBuilder,
  masks: string,
  count: number,
  size: string,
  { side = 1024, frozenAspect }: SamDecoderOptions,
): string {
  const whole = resized(g, masks, count, g.ints(side, side));
  const scale = g.op("Div", [g.float(side), g.op("ReduceMax", [size], { keepdims: 1 })]);
  const rounded = g.op("Floor", [g.op("Add", [g.op("Mul", [size, scale]), g.float(0.5)])]);
  const picture = frozenAspect ? g.ints(Math.round((side * 2) / 3), side) : g.op("Cast", [rounded], { to: INT64 });
  return resized(g, g.op("Slice", [whole, g.ints(0, 0), picture, g.ints(2, 3)]), count, size);
}

/** EdgeSAM: no earlier mask, no image size, its scores first, and `masks` is of low resolution. */
export function edgeSamDecoder(): Buffer {
  const g = new GraphBuilder();
  const embedding = g.input("image_embeddings", [1, 256, 64, 64]);
  const points = g.input("point_coords", [1, "num_points", 2]);
  const labels = g.input("point_labels", [1, "num_points"]);
  const parts = { points: flat(g, points, -1, 2), labels: flat(g, labels, -1), pads: false };
  const logits = logitsOf(g, parts, { side: 1024, brightness: brightnessOf(g, embedding) });
  const { masks, scores } = offered(g, logits, 4);
  g.output("scores", [1, 4], scores);
  g.output("masks", [1, 4, GRID, GRID], masks);
  return g.file();
}

export interface EfficientSamOptions {
  readonly clickOnly?: number;
  /** Another export has the positions as so many questions of one position each. */
  readonly asQuestions?: boolean;
}

/** EfficientSAM: positions in pixels of the image itself, and masks of its size. */
export function efficientSamDecoder({ clickOnly, asQuestions }: EfficientSamOptions = {}): Buffer {
  const g = new GraphBuilder();
  const embedding = g.input("image_embeddings", ["batch", 256, 64, 64]);
  const [questions, positions]: Dimension[] = asQuestions ? ["num_points", 1] : [1, "num_points"];
  const points = g.input("batched_point_coords", [1, questions, positions, 2]);
  const labels = g.input("batched_point_labels", [1, questions, positions]);
  const size = g.input("orig_im_size", [2], INT64);
  // (height, width), where positions are (x, y).
  const sides = g.op("Gather", [asFloat(g, size), g.ints(1, 0)], { axis: 0 });
  const scaled = g.op("Div", [g.op("Mul", [flat(g, points, -1, 2), g.float(1024)]), sides]);
  const parts = { points: scaled, labels: flat(g, labels, -1), pads: true };
  const brightness = clickOnly ? undefined : brightnessOf(g, embedding);
  const { masks, scores } = offered(g, logitsOf(g, parts, { side: 1024, brightness, reach: clickOnly }), 3);
  const fives = (x: string) => g.op("Unsqueeze", [x, g.ints(1)]);
  g.output("output_masks", ["batch", questions, 3, "height", "width"], fives(resized(g, masks, 3, size)));
  g.output("iou_predictions", ["batch", questions, 3], fives(scores));
  g.output("5678", ["masks", 3, GRID, GRID], masks);
  return g.file();
}

/** Hugging Face's export of the first Segment Anything: no boxes, the scores before the masks. */
export function huggingFaceDecoder(): Buffer {
  const g = new GraphBuilder();
  const positional = g.input("image_positional_embeddings", ["batch_size", 256, 64, 64]);
  const embedding = g.input("image_embeddings", ["batch_size", 256, 64, 64]);
  const points = g.input("input_points", ["batch_size", "point_batch_size", "nb_points_per_image", 2]);
  const labels = g.input("input_labels", ["batch_size", "point_batch_size", "nb_points_per_image"], INT64);
  const kept = g.op("Slice", [positional, g.ints(0), g.ints(32), g.ints(1)]);
  const [x, y] = g
    .ops("Split", [g.op("DepthToSpace", [kept], { blocksize: 4 }), g.ints(1, 1)], 2, { axis: 1 })
    .map((plane) => g.op("Squeeze", [plane, g.ints(1)]));
  const parts = { points: flat(g, points, -1, 2), labels: flat(g, labels, -1), pads: true };
  const logits = logitsOf(g, parts, { side: 1024, brightness: brightnessOf(g, embedding), grid: { x, y } });
  const { masks, scores } = offered(g, logits, 3);
  const fives = (x: string) => g.op("Unsqueeze", [x, g.ints(1)]);
  g.output("iou_scores", ["batch_size", "point_batch_size", 3], fives(scores));
  g.output("pred_masks", ["batch_size", "point_batch_size", 3, GRID, GRID], fives(masks));
  return g.file();
}

export interface Sam2DecoderOptions {
  /** Embeddings from fine to coarse. */
  readonly embeddings?: readonly [string, string, string];
  /** Type and name of the input for the image's size, and so masks of that size. */
  readonly imageSize?: { readonly name: string; readonly type: number };
  readonly labels?: number;
  readonly earlier?: readonly [mask: string, has: string];
  readonly count?: 3 | 4;
  /** Also gives masks of low resolution; with `bits`, those at the image's size are true and false. */
  readonly lowRes?: "logits" | "bits";
  readonly clickOnly?: number;
}

/** SAM 2, as several programs export it. */
export function sam2Decoder(options: Sam2DecoderOptions = {}): Buffer {
  const { embeddings = SAM2_FEATURES, imageSize, labels: labelType = FLOAT, count = 3, lowRes } = options;
  const { earlier = ["mask_input", "has_mask_input"] } = options;
  const g = new GraphBuilder();
  const [fine, middle, coarse] = embeddings;
  g.input(coarse, [1, 256, 64, 64]);
  g.input(fine, [1, 32, GRID, GRID]);
  g.input(middle, [1, 64, GRID / 2, GRID / 2]);
  const points = g.input("point_coords", ["num_labels", "num_points", 2]);
  const labels = g.input("point_labels", ["num_labels", "num_points"], labelType);
  const mask = g.input(earlier[0], ["num_labels", 1, GRID, GRID]);
  const has = g.input(earlier[1], ["num_labels"]);
  const size = imageSize && g.input(imageSize.name, [2], imageSize.type);
  const parts = { points: flat(g, points, -1, 2), labels: flat(g, labels, -1), pads: true };
  const brightness = options.clickOnly ? undefined : sam2Brightness(g, embeddings);
  const logits = withEarlier(g, logitsOf(g, parts, { side: 1024, brightness, reach: options.clickOnly }), mask, has);
  const { masks, scores } = offered(g, logits, count);
  const atImage = size ? resized(g, masks, count, size) : masks;
  const shape: Dimension[] = size ? ["num_labels", count, "height", "width"] : ["num_labels", count, GRID, GRID];
  if (lowRes === "bits") g.output("masks", shape, g.op("Greater", [atImage, g.float(0)]), BOOL);
  else g.output("masks", shape, atImage);
  g.output("iou_predictions", ["num_labels", count], scores);
  if (lowRes) g.output("low_res_masks", ["num_labels", count, GRID, GRID], masks);
  return g.file();
}

/** What samexporter calls the features of SAM 2, from fine to coarse. */
export const SAM2_FEATURES = ["high_res_feats_0", "high_res_feats_1", "image_embed"] as const;
/** The same as Hugging Face names them. */
export const HUGGING_FACE_FEATURES = ["image_embeddings.0", "image_embeddings.1", "image_embeddings.2"] as const;
/** And Microsoft. */
export const MICROSOFT_FEATURES = ["image_features_0", "image_features_1", "image_embeddings"] as const;

function sam2Brightness(g: GraphBuilder, [fine, middle, coarse]: readonly [string, string, string]): string {
  const first = (x: string, count: number) => g.op("Slice", [x, g.ints(0), g.ints(count), g.ints(1)]);
  const red = first(fine, 1);
  const green = g.op("DepthToSpace", [first(middle, 4)], { blocksize: 2 });
  const blue = g.op("DepthToSpace", [first(coarse, 16)], { blocksize: 4 });
  return g.op("Div", [g.op("Sum", [red, green, blue]), g.float(3)]);
}

/** Hugging Face's export of SAM 2: boxes have an input of their own, and every input must be given, if empty. */
export function huggingFaceSam2Decoder(): Buffer {
  const g = new GraphBuilder();
  const points = g.input("input_points", ["batch_size", 1, "num_points", 2]);
  const labels = g.input("input_labels", ["batch_size", 1, "num_points"], INT64);
  const boxes = g.input("input_boxes", ["batch_size", "num_boxes", 4]);
  g.input("image_embeddings.0", ["batch_size", 32, GRID, GRID]);
  g.input("image_embeddings.1", ["batch_size", 64, GRID / 2, GRID / 2]);
  g.input("image_embeddings.2", ["batch_size", 256, 64, 64]);
  const parts = {
    points: flat(g, points, -1, 2),
    labels: flat(g, labels, -1),
    boxes: flat(g, boxes, -1, 4),
    pads: true,
  };
  const brightness = sam2Brightness(g, HUGGING_FACE_FEATURES);
  const { masks, scores } = offered(g, logitsOf(g, parts, { side: 1024, brightness }), 3);
  const fives = (x: string) => g.op("Unsqueeze", [x, g.ints(1)]);
  g.output("iou_scores", ["batch_size", "prompt_batch", 3], fives(scores));
  g.output("pred_masks", ["batch_size", "prompt_batch", 3, GRID, GRID], fives(masks));
  g.output("object_score_logits", ["batch_size", "prompt_batch", 1], g.floats([10], [1, 1, 1]));
  return g.file();
}
