/** A picture's sides in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The same place in the picture at another size. Pixel 0 reaches from -0.5 to 0.5, so a point in the first pixel of a
 * large picture lands a little below 0 in a small one: still inside the first pixel.
 */
export function scalePoint<P extends { readonly x: number; readonly y: number }>(point: P, from: Size, to: Size): P {
  return {
    ...point,
    x: ((point.x + 0.5) * to.width) / from.width - 0.5,
    y: ((point.y + 0.5) * to.height) / from.height - 0.5,
  };
}
