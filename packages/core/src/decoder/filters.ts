/** Separable filters on planes (height x width, row-major). All in place-free float32 with float64 sums: deterministic. */

/** Three box blurs: close to a Gaussian of standard deviation `sigma` pixels; edges repeat. */
export function blur(plane: Float32Array, width: number, height: number, sigma: number): Float32Array {
  let current: Float32Array = plane;
  for (const radius of boxRadii(sigma)) {
    if (radius === 0) continue;
    current = boxColumns(boxRows(current, width, height, radius), width, height, radius);
  }
  return current === plane ? plane.slice() : current;
}

/** Radii of three boxes whose variances add up to about sigma^2 (a box of radius r has variance r(r+1)/3). */
export function boxRadii(sigma: number): number[] {
  const target = (sigma * sigma) / 3;
  const radius = Math.max(0, Math.round((Math.sqrt(1 + 12 * target) - 1) / 2));
  return [radius, radius, radius];
}

function boxRows(plane: Float32Array, width: number, height: number, radius: number): Float32Array {
  const out = new Float32Array(plane.length);
  const scale = 1 / (2 * radius + 1);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = -radius; x <= radius; x++) sum += plane[row + Math.min(width - 1, Math.max(0, x))];
    for (let x = 0; x < width; x++) {
      out[row + x] = sum * scale;
      sum += plane[row + Math.min(width - 1, x + radius + 1)] - plane[row + Math.max(0, x - radius)];
    }
  }
  return out;
}

function boxColumns(plane: Float32Array, width: number, height: number, radius: number): Float32Array {
  const out = new Float32Array(plane.length);
  const scale = 1 / (2 * radius + 1);
  const sums = new Float64Array(width);
  for (let y = -radius; y <= radius; y++) {
    const row = Math.min(height - 1, Math.max(0, y)) * width;
    for (let x = 0; x < width; x++) sums[x] += plane[row + x];
  }
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const entering = Math.min(height - 1, y + radius + 1) * width;
    const leaving = Math.max(0, y - radius) * width;
    for (let x = 0; x < width; x++) {
      out[row + x] = sums[x] * scale;
      sums[x] += plane[entering + x] - plane[leaving + x];
    }
  }
  return out;
}

/** Splits an interleaved RGB picture into three planes. */
export function planes(data: Float32Array): [Float32Array, Float32Array, Float32Array] {
  const count = data.length / 3;
  const out: [Float32Array, Float32Array, Float32Array] = [
    new Float32Array(count),
    new Float32Array(count),
    new Float32Array(count),
  ];
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) out[c][i] = data[3 * i + c];
  return out;
}

export function meanOf(plane: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < plane.length; i++) sum += plane[i];
  return sum / plane.length;
}
