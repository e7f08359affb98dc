/** Stands for "no set pixel": larger than any squared distance in a picture, small enough to subtract exactly. */
const FAR = 1e15;

/** Lower envelope of the parabolas (x - i)^2 + f[i]: overwrites f with its minimum at each x. */
function transformLine(f: Float64Array, n: number, out: Float64Array, vertex: Int32Array, border: Float64Array): void {
  let k = 0;
  vertex[0] = 0;
  border[0] = Number.NEGATIVE_INFINITY;
  border[1] = Number.POSITIVE_INFINITY;
  for (let q = 1; q < n; q++) {
    let crossing: number;
    do {
      const v = vertex[k];
      crossing = (f[q] + q * q - (f[v] + v * v)) / (2 * (q - v));
    } while (crossing <= border[k] && --k >= 0);
    k++;
    vertex[k] = q;
    border[k] = crossing;
    border[k + 1] = Number.POSITIVE_INFINITY;
  }
  k = 0;
  for (let q = 0; q < n; q++) {
    while (border[k + 1] < q) k++;
    const v = vertex[k];
    out[q] = (q - v) * (q - v) + f[v];
  }
  for (let q = 0; q < n; q++) f[q] = out[q];
}

/**
 * The exact squared Euclidean distance, in pixels, from each pixel to the nearest set one (0 on set pixels themselves).
 * Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8 (2012), section 2:
 * linear in the number of pixels.
 *
 * @param set height x width, not 0 where set
 * @returns height x width; above 1e14 everywhere when nothing is set
 */
export function squaredDistances(set: Uint8Array, width: number, height: number): Float64Array {
  const field = new Float64Array(width * height);
  for (let i = 0; i < field.length; i++) field[i] = set[i] ? 0 : FAR;
  const longest = Math.max(width, height);
  const line = new Float64Array(longest);
  const out = new Float64Array(longest);
  const vertex = new Int32Array(longest);
  const border = new Float64Array(longest + 1);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) line[y] = field[y * width + x];
    transformLine(line, height, out, vertex, border);
    for (let y = 0; y < height; y++) field[y * width + x] = line[y];
  }
  for (let y = 0; y < height; y++) {
    const row = field.subarray(y * width, (y + 1) * width);
    transformLine(row, width, out, vertex, border);
  }
  return field;
}
