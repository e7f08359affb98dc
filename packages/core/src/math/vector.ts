/** In-place arithmetic on flat vectors. Sums run in float64, in index order, so they are the same on every machine. */

export function norm2(x: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum);
}

/** base + factor * direction, as a new vector */
export function shifted(base: Float32Array, factor: number, direction: ArrayLike<number>): Float32Array {
  const out = new Float32Array(base.length);
  for (let i = 0; i < out.length; i++) out[i] = base[i] + factor * direction[i];
  return out;
}

export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? Number.NaN : sum / values.length;
}

/** Standard error of the mean (n - 1 in the variance); 0 for fewer than two values. */
export function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
