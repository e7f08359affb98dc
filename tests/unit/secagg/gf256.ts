/**
 * A product in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4.2), bit by bit: no table in
 * common with what it checks.
 */
export function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** 1 / a, as a^254. */
function reciprocal(a: number): number {
  let power = 1;
  for (let i = 0; i < 254; i++) power = times(power, a);
  return power;
}

/** The value at `x` of the polynomial of least degree through all points, by Lagrange. */
export function valueAt(x: number, points: readonly { readonly x: number; readonly y: number }[]): number {
  let value = 0;
  for (const [i, point] of points.entries()) {
    let term = point.y;
    for (const [j, other] of points.entries())
      if (i !== j) term = times(term, times(x ^ other.x, reciprocal(point.x ^ other.x)));
    value ^= term;
  }
  return value;
}
