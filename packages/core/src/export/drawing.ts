import type { Graph, Value } from "./graph.js";
import type { PlaceValues } from "./place.js";

/** What a decoder kind's part of the graph is made from. */
export interface DrawingInit {
  readonly g: Graph;
  /** The picture on the decoder's square: [3, DECODER_SIZE, DECODER_SIZE], 0..255. */
  readonly square: Value<"float32">;
  /** The click, in pixels of the square. */
  readonly click: PlaceValues;
  /** A tensor of the decoder, by its name in the layout. */
  parameter(name: string): Value<"float32">;
}

/** Adds the nodes of a decoder kind. @returns the visual prompt: [3, DECODER_SIZE, DECODER_SIZE] grey levels. */
export type Drawing = (init: DrawingInit) => Value<"float32"> | Promise<Value<"float32">>;
