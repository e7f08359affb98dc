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
function areaTaps(input: number, output: number): Taps {
  const scale = input / output;
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

/**
 * Bilinear between the two nearest centres, also where the axis shrinks (then in-between pixels are passed over); beyond the
 * outermost centres the edge pixel is repeated.
 */
export function linearTaps(input: number, output: number): Taps {
  checkLength(input);
  checkLength(output);
  const width = Math.min(2, input);
  const first = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    const position = Math.min(input - 1, Math.max(0, ((o + 0.5) * input) / output - 0.5));
    const from = Math.min(Math.floor(position), input - width);
    first[o] = from;
    weights[o * width] = 1 - (position - from);
    if (width === 2) weights[o * width + 1] = position - from;
  }
  return { first, weights, width };
}

/** Bilinear where the axis grows, the covered area's mean where it shrinks (no aliasing). */
export function smoothTaps(input: number, output: number): Taps {
  checkLength(input);
  checkLength(output);
  return output < input ? areaTaps(input, output) : linearTaps(input, output);
}

/** The nearest pixel where the axis grows, the covered area's mean where it shrinks. */
export function blockTaps(input: number, output: number): Taps {
  checkLength(input);
  checkLength(output);
  if (output < input) return areaTaps(input, output);
  const first = Int32Array.from({ length: output }, (_, o) => Math.floor(((o + 0.5) * input) / output));
  return { first, weights: new Float64Array(output).fill(1), width: 1 };
}

/**
 * One resampling after another along an axis, as one: output o of `second` in terms of the input of `first`.
 * @param second its input is the output of `first`, or the beginning of it. @param input length of the input of `first`.
 * @throws RangeError where `second` wants more than `first` gives
 */
export function composedTaps(first: Taps, second: Taps, input: number): Taps {
  const output = second.first.length;
  if (Math.max(...second.first) + second.width > first.first.length)
    throw new RangeError("the part lies beyond the whole");
  const reach = (o: number) =>
    first.first[second.first[o] + second.width - 1] + first.width - first.first[second.first[o]];
  let width = 1;
  for (let o = 0; o < output; o++) width = Math.max(width, Math.min(input, reach(o)));
  const starts = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    // Not past input - width, so that all taps exist.
    starts[o] = Math.min(first.first[second.first[o]], input - width);
    for (let j = 0; j < second.width; j++) {
      const middle = second.first[o] + j;
      const weight = second.weights[o * second.width + j];
      for (let k = 0; k < first.width; k++)
        weights[o * width + first.first[middle] + k - starts[o]] += weight * first.weights[middle * first.width + k];
    }
  }
  return { first: starts, weights, width };
}
