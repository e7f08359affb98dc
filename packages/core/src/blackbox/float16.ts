import { getFloat16 } from "@petamoriken/float16";

// The library converts one value in half a microsecond, too slow for the three million pixel values of one picture: only
// the table comes from it. tests/unit/blackbox/float16.test.ts compares every bit pattern.
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

function bitsOf(value: number): number {
  single[0] = value;
  const sign = (singleBits[0] >>> 16) & 0x8000;
  const size = singleBits[0] & 0x7fffffff;
  if (size >= 0x47800000) return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
  // The exponent's bias is 15 in place of 127; thirteen bits are rounded away, and a carry goes into the exponent.
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  // Multiples of 2 to the -24.
  const steps = Math.abs(single[0]) * 2 ** 24;
  const whole = Math.floor(steps);
  const rest = steps - whole;
  return sign | (whole + (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0));
}

/** IEEE 754 binary16 bit patterns of the values, taken in single precision and rounded to nearest even. */
export function toFloat16(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = bitsOf(values[i]);
  return bits;
}

let table: Float32Array | undefined;

/** The values of all bit patterns. */
function valuesOfAll(): Float32Array {
  const view = new DataView(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  return Float32Array.from({ length: 65536 }, (_, i) => getFloat16(view, 2 * i, true));
}

/** The values of binary16 bit patterns, exactly. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  table ??= valuesOfAll();
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i]];
  return values;
}
