import { getFloat16, setFloat16 } from "@petamoriken/float16";

/** IEEE 754 binary16 bit patterns of the values, rounded to nearest even. */
export function toFloat16(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  const view = new DataView(bits.buffer);
  for (let i = 0; i < values.length; i++) setFloat16(view, 2 * i, values[i], true);
  return bits;
}

/** The values of binary16 bit patterns, exactly. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  return Float32Array.from({ length: bits.length }, (_, i) => getFloat16(view, 2 * i, true));
}
