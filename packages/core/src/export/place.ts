import type { Sizing } from "../training/cases.js";
import type { Graph, Value } from "./graph.js";
import type { SizeValues } from "./resize.js";

/** A place in a picture, as scalars in pixels. In double, step by step as the pipeline does it: no other rounding. */
export interface PlaceValues {
  readonly x: Value<"float64">;
  readonly y: Value<"float64">;
}

/** The sides of [1, channels, height, width]. */
export function sizeOf(g: Graph, picture: Value): SizeValues {
  const shape = g.op("int64", "Shape", [picture]);
  return { width: g.at(shape, 3), height: g.at(shape, 2) };
}

export function fixedSize(g: Graph, width: number, height: number): SizeValues {
  return { width: g.scalar("int64", width), height: g.scalar("int64", height) };
}

/** `caseSize` as operators: at which size the picture is prompted and shown to the black box. */
export function caseSizeOf(g: Graph, { geometry, nativeSize }: Sizing, image: SizeValues): SizeValues {
  if (geometry === "stretch") return fixedSize(g, nativeSize.width, nativeSize.height);
  const width = g.cast(image.width, "float64");
  const height = g.cast(image.height, "float64");
  const fitting = (native: number, side: Value<"float64">) => g.div(g.scalar("float64", native), side);
  const scale = g.min(g.min(fitting(nativeSize.width, width), fitting(nativeSize.height, height)), 1);
  const side = (length: Value<"float64">) => g.cast(g.max(rounded(g, g.mul(length, scale)), 1), "int64");
  return { width: side(width), height: side(height) };
}

/** `scalePoint` as operators: the same place in the picture at another size. */
export function scaledPlace(g: Graph, place: PlaceValues, from: SizeValues, to: SizeValues): PlaceValues {
  const along = (at: Value<"float64">, before: Value<"int64">, after: Value<"int64">) =>
    g.sub(g.div(g.mul(g.add(at, 0.5), g.cast(after, "float64")), g.cast(before, "float64")), 0.5);
  return { x: along(place.x, from.width, to.width), y: along(place.y, from.height, to.height) };
}

/** `Math.round`: halves go up. (ONNX's Round takes them to the even side.) */
export function rounded(g: Graph, value: Value<"float64">): Value<"float64"> {
  const below = g.op("float64", "Floor", [value]);
  const half = g.op("bool", "GreaterOrEqual", [g.sub(value, below), g.scalar("float64", 0.5)]);
  return g.add(below, g.cast(half, "float64"));
}
