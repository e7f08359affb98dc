/**
 * A picture in memory: `data` has height x width x channels values, rows from the top, channels interleaved, each in
 * 0..255. Colour pictures have 3 channels (RGB).
 */
export interface Image {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** A binary mask: height x width bytes, rows from the top, 1 inside and 0 outside. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A probability map: height x width values in [0, 1], rows from the top. */
export interface ProbabilityMap {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}
