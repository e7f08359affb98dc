/**
 * Which input positions make up each output position along one axis, with half-pixel centres: pixel i covers the
 * stretch from i to i + 1. Output o is the sum of `weights[o * width + j] * input[first[o] + j]` over `width` taps.
 */
export interface Taps {
  readonly first: Int32Array;
  readonly weights: Float64Array;
  readonly width: number;
}

function checkLength(length: number): void {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`size must be a whole number >= 1, not ${length}`);
}

/** Each output pixel is the mean of the stretch of input that it covers, with fractions at both ends. */
function areaTaps(input: number, output: number, extent = input): Taps {
  const scale = extent / output;
  const width = Math.min(input, Math.ceil(scale) + 1);
  const first = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    const start = o * scale;
    const end = start + scale;
    // Not past input - width, so that all taps exist; those before the stretch get weight 0.
    const from = Math.min(Math.floor(start), input - width);
    first[o] = from;
    for (let j = 0; j < width; j++) {
      const covered = Math.min(end, from + j + 1) - Math.max(start, from + j);
      weights[o * width + j] = Math.max(0, covered) / scale;
    }
  }
  return { first, weights, width };
}

/** Bilinear; beyond the outermost centres the edge pixel is repeated. */
function linearTaps(input: number, output: number, extent = input): Taps {
  const width = Math.min(2, input);
  const first = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    const position = Math.min(input - 1, Math.max(0, ((o + 0.5) * extent) / output - 0.5));
    const from = Math.min(Math.floor(position), input - width);
    first[o] = from;
    weights[o * width] = 1 - (position - from);
    if (width === 2) weights[o * width + 1] = position - from;
  }
  return { first, weights, width };
}

/**
 * Bilinear where the axis grows, the covered area's mean where it shrinks (no aliasing).
 * @param extent how much of the input the output covers, from its start: in (0, input], all by default. It may have a
 * fraction; at its end the neighbour beyond it is mixed in, as where the whole is resized and then cut.
 */
export function smoothTaps(input: number, output: number, extent = input): Taps {
  checkLength(input);
  checkLength(output);
  if (!(extent > 0 && extent <= input)) throw new RangeError(`the extent must be in (0, ${input}], not ${extent}`);
  return output < extent ? areaTaps(input, output, extent) : linearTaps(input, output, extent);
}

/** The nearest pixel where the axis grows, the covered area's mean where it shrinks. */
export function blockTaps(input: number, output: number): Taps {
  checkLength(input);
  checkLength(output);
  if (output < input) return areaTaps(input, output);
  const first = Int32Array.from({ length: output }, (_, o) => Math.floor(((o + 0.5) * input) / output));
  return { first, weights: new Float64Array(output).fill(1), width: 1 };
}
