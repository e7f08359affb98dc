/** cos((2x + 1) u pi / 16) C(u) / 2, by x and u: one axis of the inverse transform (ISO/IEC 10918-1 A.3.3). */
const BASIS = Float64Array.from({ length: 64 }, (_, i) => {
  const x = i >> 3;
  const u = i & 7;
  return (Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1)) / 2;
});

const rows = new Float64Array(64);

/**
 * The 8 x 8 samples of a block of coefficients (in rows, not in zigzag order), before rounding and without the level
 * shift. Double precision: nearer to the exact transform than the accuracy test of the standard asks.
 */
export function inverseDct(coefficients: Int32Array, out: Float64Array): void {
  for (let v = 0; v < 8; v++)
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += BASIS[x * 8 + u] * coefficients[v * 8 + u];
      rows[v * 8 + x] = sum;
    }
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += BASIS[y * 8 + v] * rows[v * 8 + x];
      out[y * 8 + x] = sum;
    }
}
