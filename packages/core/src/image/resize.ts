import type { Image, Mask, ProbabilityMap } from "./image.js";
import type { Size } from "./place.js";
import { blockTaps, composedTaps, linearTaps, smoothTaps, type Taps } from "./taps.js";

/** Rows first, then columns; sums in float64 in a fixed order, so the same bits on every machine. */
function resample(
  data: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
  across: Taps,
  down: Taps,
): Float32Array {
  const outWidth = across.first.length;
  const outHeight = down.first.length;
  const row = outWidth * channels;
  const middle = new Float64Array(height * row);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      const from = (y * width + across.first[x]) * channels;
      const to = y * row + x * channels;
      for (let j = 0; j < across.width; j++) {
        const weight = across.weights[x * across.width + j];
        if (weight === 0) continue;
        const at = from + j * channels;
        for (let c = 0; c < channels; c++) middle[to + c] += weight * data[at + c];
      }
    }
  }
  const out = new Float32Array(outHeight * row);
  const sum = new Float64Array(row);
  for (let y = 0; y < outHeight; y++) {
    sum.fill(0);
    for (let j = 0; j < down.width; j++) {
      const weight = down.weights[y * down.width + j];
      if (weight === 0) continue;
      const from = (down.first[y] + j) * row;
      for (let i = 0; i < row; i++) sum[i] += weight * middle[from + i];
    }
    out.set(sum, y * row);
  }
  return out;
}

/**
 * Resizes a picture: bilinear with half-pixel centres where it grows, the mean over the covered area where it shrinks,
 * each axis for itself. Values stay within the range of the input; the same size gives an equal copy.
 * @throws RangeError unless both sizes are whole numbers >= 1
 */
export function resizeImage(image: Image, width: number, height: number): Image {
  const across = smoothTaps(image.width, width);
  const down = smoothTaps(image.height, height);
  const same = image.width === width && image.height === height;
  const data = same
    ? image.data.slice()
    : resample(image.data, image.width, image.height, image.channels, across, down);
  return { data, width, height, channels: image.channels };
}

/**
 * Resizes a plane of numbers bilinearly to `via`, cuts off its upper left `part` (whole pixels of `via`), and resizes that
 * bilinearly to `out`, without ever holding `via`: how the Segment Anything code brings masks to an image's size
 * (`postprocess_masks`). Bilinear also where it shrinks.
 * @throws RangeError unless all sizes are whole numbers >= 1 and the part lies within `via`
 */
export function resizeByWay(
  plane: { readonly data: Float32Array; readonly width: number; readonly height: number },
  { via, part, out }: { readonly via: Size; readonly part: Size; readonly out: Size },
): Float32Array {
  const axis = (input: number, middle: number, covered: number, output: number) =>
    composedTaps(linearTaps(input, middle), linearTaps(covered, output), input);
  const across = axis(plane.width, via.width, part.width, out.width);
  const down = axis(plane.height, via.height, part.height, out.height);
  return resample(plane.data, plane.width, plane.height, 1, across, down);
}

/** As `resizeImage`, for a probability map: values stay in [0, 1]. */
export function resizeMap(map: ProbabilityMap, width: number, height: number): ProbabilityMap {
  const { data } = resizeImage({ ...map, channels: 1 }, width, height);
  return { data, width, height };
}

/**
 * Resizes a mask: the nearest pixel (half-pixel centres) where it grows; where it shrinks, a pixel is inside when at
 * least half of the area that it covers is. A mask that is not empty never becomes so: when no pixel reaches half, the
 * one with the largest share (the first in reading order) is inside. Structures thinner than half an output pixel are
 * lost apart from that.
 * @throws RangeError unless both sizes are whole numbers >= 1
 */
export function resizeMask(mask: Mask, width: number, height: number): Mask {
  const across = blockTaps(mask.width, width);
  const down = blockTaps(mask.height, height);
  if (mask.width === width && mask.height === height) return { data: mask.data.slice(), width, height };
  const share = resample(mask.data, mask.width, mask.height, 1, across, down);
  const data = new Uint8Array(width * height);
  let largest = 0;
  let best = -1;
  for (let i = 0; i < data.length; i++) {
    // The fractions of an exact half may add up to a hair less.
    data[i] = share[i] >= 0.5 - 1e-6 ? 1 : 0;
    if (share[i] > largest) {
      largest = share[i];
      best = i;
    }
  }
  if (best >= 0) data[best] = 1;
  return { data, width, height };
}
