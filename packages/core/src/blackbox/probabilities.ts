/**
 * 1 / (1 + exp(-x)) of `length` logits from `offset` on. Logits too large for the exponential come out as 0 or 1.
 */
export function probabilitiesOf(logits: Float32Array, offset = 0, length = logits.length - offset): Float32Array {
  const out = new Float32Array(length);
  for (let i = 0, j = offset; i < length; i++, j++) out[i] = 1 / (1 + Math.exp(-logits[j]));
  return out;
}
