import { fromFloat16 } from "../float16.js";
import { DATA_TYPE, type GraphMessage, type NodeMessage, type TensorMessage } from "../onnx-schema.js";

/**
 * What an encoder wants its pixels to be: `normalised` with the mean and deviation of its training pictures, the plain
 * ranges where the graph does that by itself, or `minmax`, each picture's own range stretched to 0..1 (MedSAM).
 */
export const PIXEL_RANGES = ["normalised", "0..255", "0..1", "minmax"] as const;
export type PixelRange = (typeof PIXEL_RANGES)[number];

/** Operators that move or retype pixels and leave their values alone. */
const SHAPING = new Set(
  "Cast Transpose Unsqueeze Squeeze Reshape Identity Pad Resize Slice Flatten Gather Split Expand".split(" "),
);
const ARITHMETIC = new Set(["Add", "Sub", "Mul", "Div"]);
/** A constant for each channel, or one for all; more numbers than this are weights. */
const MOST_CONSTANTS = 4;
const MOST_NODES = 40;
/** Normalised pixels span a few units: three to five where mean and deviation are applied, one after a division by 255. */
const LEAST_SPAN = 0.5;
const MOST_SPAN = 20;
/** And they lie about zero: black and white are not farther from it than this. */
const MOST_VALUE = 20;

/**
 * Looks into a graph for what it does to its pixels before its first layer with weights: subtracting a mean, dividing by
 * a deviation or by 255.
 * @param input name of the graph's image input.
 * @returns the range of pixels for which that makes sense; undefined where the graph does nothing of the kind.
 */
export function pixelRangeOf(graph: GraphMessage, input: string): "0..255" | "0..1" | undefined {
  const constants = constantsOf(graph);
  let name = input;
  let scale = 1;
  let offset = 0;
  let found = false;
  for (let steps = 0; steps < MOST_NODES; steps++) {
    const node = followed(graph, name, constants);
    if (!node) break;
    if (ARITHMETIC.has(node.op_type ?? "")) {
      const [first, second] = node.input ?? [];
      const value = constants.get(first === name ? second : first);
      if (value === undefined) break;
      found = true;
      [scale, offset] = applied(node.op_type ?? "", first === name, value, scale, offset);
    }
    name = node.output?.[0] ?? "";
  }
  if (!found) return undefined;
  const spans = (most: number) => {
    const span = Math.abs(scale * most);
    const farthest = Math.max(Math.abs(offset), Math.abs(offset + scale * most));
    return span >= LEAST_SPAN && span <= MOST_SPAN && farthest <= MOST_VALUE;
  };
  // 0..255 first: what the family's own code gives its graphs, except where only 0..1 fits.
  if (spans(255)) return "0..255";
  return spans(1) ? "0..1" : undefined;
}

/** The node that takes the pixels on: arithmetic with a constant, or one that only shapes. Others (`Shape`) are passed by. */
function followed(graph: GraphMessage, name: string, constants: ReadonlyMap<string, number>): NodeMessage | undefined {
  const users = (graph.node ?? []).filter(({ input = [] }) => input.includes(name));
  const fits = ({ op_type = "", input = [] }: NodeMessage) =>
    SHAPING.has(op_type)
      ? input[0] === name
      : ARITHMETIC.has(op_type) && input.some((other) => other !== name && constants.has(other));
  return users.find(fits);
}

function applied(
  operator: string,
  pixelsFirst: boolean,
  value: number,
  scale: number,
  offset: number,
): [number, number] {
  switch (operator) {
    case "Add":
      return [scale, offset + value];
    case "Sub":
      return pixelsFirst ? [scale, offset - value] : [-scale, value - offset];
    case "Mul":
      return [scale * value, offset * value];
    default:
      return [scale / value, offset / value];
  }
}

/** Means of the graph's small float constants, by name. */
function constantsOf({ initializer = [], node = [] }: GraphMessage): Map<string, number> {
  const constants = new Map<string, number>();
  const keep = (name: string | undefined, values: readonly number[] | undefined) => {
    if (name !== undefined && values && values.length > 0 && values.length <= MOST_CONSTANTS)
      constants.set(name, values.reduce((sum, value) => sum + value, 0) / values.length);
  };
  for (const tensor of initializer) keep(tensor.name, floatsIn(tensor));
  for (const { op_type, output = [], attribute = [], input = [] } of node) {
    if (op_type === "Constant")
      for (const { name, t, f, floats } of attribute)
        keep(
          output[0],
          name === "value_float" ? [f ?? 0] : name === "value_floats" ? floats : t ? floatsIn(t) : undefined,
        );
    // Exporters put constants into shape by nodes of their own.
    else if (SHAPING.has(op_type ?? "") && constants.has(input[0]))
      constants.set(output[0], constants.get(input[0]) ?? 0);
  }
  return constants;
}

/** The numbers of a small float tensor. */
function floatsIn({
  data_type,
  float_data = [],
  int32_data = [],
  raw_data,
  dims = [],
}: TensorMessage): number[] | undefined {
  const count = dims.reduce((product: number, size) => product * Number(size), 1);
  if (count > MOST_CONSTANTS) return undefined;
  if (data_type === DATA_TYPE.float32) {
    if (float_data.length > 0) return [...float_data];
    const view = raw_data && new DataView(raw_data.buffer, raw_data.byteOffset, raw_data.byteLength);
    return view && Array.from({ length: Math.floor(view.byteLength / 4) }, (_, i) => view.getFloat32(4 * i, true));
  }
  if (data_type === DATA_TYPE.float16 && int32_data.length > 0) return [...fromFloat16(Uint16Array.from(int32_data))];
  if (data_type === DATA_TYPE.float16 && raw_data)
    return [...fromFloat16(new Uint16Array(new Uint8Array(raw_data).buffer, 0, Math.floor(raw_data.length / 2)))];
  if (data_type === DATA_TYPE.float64 && raw_data) {
    const view = new DataView(raw_data.buffer, raw_data.byteOffset, raw_data.byteLength);
    return Array.from({ length: Math.floor(view.byteLength / 8) }, (_, i) => view.getFloat64(8 * i, true));
  }
  return undefined;
}
