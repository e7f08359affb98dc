import type { Mask, ProbabilityMap } from "../image/image.js";

export interface Overlap {
  /** 2 |A and B| / (|A| + |B|), in [0, 1]. */
  readonly dice: number;
  /** |A and B| / |A or B|, in [0, 1]; never above `dice`. */
  readonly iou: number;
}

/** @throws RangeError when the two are not of one size */
export function checkSameSize(
  a: { readonly width: number; readonly height: number },
  b: { readonly width: number; readonly height: number },
): void {
  if (a.width !== b.width || a.height !== b.height)
    throw new RangeError(`sizes differ: ${a.width} x ${a.height} and ${b.width} x ${b.height}`);
}

/**
 * How well two masks agree. Two empty masks agree fully (1): nothing was there and nothing was found. One empty mask
 * against one that is not gives 0.
 * @throws RangeError when the masks are not of one size
 */
export function overlap(predicted: Mask, truth: Mask): Overlap {
  checkSameSize(predicted, truth);
  let both = 0;
  let sum = 0;
  for (let i = 0; i < truth.data.length; i++) {
    const p = predicted.data[i] ? 1 : 0;
    const t = truth.data[i] ? 1 : 0;
    both += p & t;
    sum += p + t;
  }
  if (sum === 0) return { dice: 1, iou: 1 };
  return { dice: (2 * both) / sum, iou: both / (sum - both) };
}

/** Inside is where the probability is above `level`; a value that is not a number is outside. */
export function threshold(map: ProbabilityMap, level = 0.5): Mask {
  const data = new Uint8Array(map.data.length);
  for (let i = 0; i < data.length; i++) data[i] = map.data[i] > level ? 1 : 0;
  return { data, width: map.width, height: map.height };
}
