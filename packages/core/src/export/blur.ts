import { boxRadii } from "../decoder/filters.js";
import type { Graph, Value } from "./graph.js";

/**
 * `blur` as operators: three box blurs in double, each stored as float32, as the pipeline does it. So what is flat stays
 * flat to the last bit, and a picture's texture, measured against its own mean, does not become that of rounding.
 * @param planes [channels, side, side], values of float32.
 */
export function blurred(g: Graph, planes: Value<"float64">, side: number, sigma: number): Value<"float64"> {
  let current = planes;
  for (const radius of boxRadii(sigma)) {
    if (radius === 0) continue;
    const counts = boxCounts(side, radius);
    const down = g.constant("float64", counts, [side, side]);
    const across = g.constant("float64", transposed(counts, side), [side, side]);
    const share = 1 / (2 * radius + 1);
    current = g.stored(g.mul(g.matMul(current, across), share));
    current = g.stored(g.mul(g.matMul(down, current), share));
  }
  return current;
}

/** How often each position (columns) is in the box around each position (rows); beyond the edges the edge counts. */
function boxCounts(side: number, radius: number): Float64Array {
  const counts = new Float64Array(side * side);
  for (let at = 0; at < side; at++)
    for (let step = -radius; step <= radius; step++)
      counts[at * side + Math.min(side - 1, Math.max(0, at + step))] += 1;
  return counts;
}

function transposed(matrix: Float64Array, side: number): Float64Array {
  return matrix.map((_, i) => matrix[(i % side) * side + Math.floor(i / side)]);
}
