import type { Graph, Value } from "./graph.js";

/** A picture's sides as scalars of the graph. */
export interface SizeValues {
  readonly width: Value<"int64">;
  readonly height: Value<"int64">;
}

/** Elements in which a resampling is done. */
type Precision = "float32" | "float64";

/**
 * `resizeImage` as operators: bilinear with half-pixel centres where an axis grows, the mean of the covered area where it
 * shrinks; ONNX's own Resize has no such mean. A product with one matrix per axis, made in the graph from the sizes.
 * @param planes [channels, from.height, from.width]
 * @returns [channels, to.height, to.width]
 */
export function resize<E extends Precision>(g: Graph, planes: Value<E>, from: SizeValues, to: SizeValues): Value<E> {
  const across = g.transpose(axisWeights(g, from.width, to.width, planes.element), 1, 0);
  const down = axisWeights(g, from.height, to.height, planes.element);
  return g.matMul(down, g.matMul(planes, across));
}

/**
 * How much each input position counts in each output position of one axis (`smoothTaps`), as [output, input]. The
 * fractions are counted in whole numbers and divided last, so float32 is exact for axes of up to 2^24 / output.
 */
function axisWeights<E extends Precision>(
  g: Graph,
  input: Value<"int64">,
  output: Value<"int64">,
  element: E,
): Value<E> {
  const n = g.cast(input, element);
  const m = g.cast(output, element);
  const o = g.reshape(g.range(output, element), -1, 1);
  const i = g.reshape(g.range(input, element), 1, -1);

  // Output o covers the input from o n / m to (o + 1) n / m; both times m.
  const end = g.min(g.mul(g.add(o, 1), n), g.mul(g.add(i, 1), m));
  const start = g.max(g.mul(o, n), g.mul(i, m));
  const area = g.div(g.max(g.sub(end, start), 0), n);

  // The centre of output o lies at (2 o + 1) n / (2 m) - 1 / 2, held between the outermost centres; times 2 m.
  const twice = g.mul(m, 2);
  const last = g.mul(twice, g.sub(n, 1));
  const centre = g.min(g.max(g.sub(g.mul(g.add(g.mul(o, 2), 1), n), m), 0), last);
  const apart = g.abs(g.sub(g.mul(i, twice), centre));
  const linear = g.div(g.max(g.sub(twice, apart), 0), twice);

  return g.where(g.op("bool", "Less", [m, n]), area, linear);
}
