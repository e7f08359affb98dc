import type { Size } from "../../image/place.js";
import type { Geometry } from "../model.js";

/** Where a picture lies in the square (or oblong) that an encoder looks at: at its upper left, the rest is padding. */
export interface Placement {
  /** The encoder's own input. */
  readonly frame: Size;
  /** The picture in it, whole pixels. */
  readonly fitted: Size;
  readonly geometry: Geometry;
}

/**
 * Places a picture in an encoder's input. With `longest-side` its proportions are kept and both sides rounded to whole
 * pixels as the Segment Anything code does (`ResizeLongestSide`); with `stretch` it fills the frame.
 */
export function place(image: Size, frame: Size, geometry: Geometry): Placement {
  if (geometry === "stretch") return { frame, fitted: { width: frame.width, height: frame.height }, geometry };
  const scale = Math.min(frame.width / image.width, frame.height / image.height);
  const side = (length: number, most: number) => Math.min(most, Math.max(1, Math.floor(length * scale + 0.5)));
  return {
    frame,
    fitted: { width: side(image.width, frame.width), height: side(image.height, frame.height) },
    geometry,
  };
}

/**
 * By which way a map of the whole frame comes to the picture, as the families' own code goes: enlarged to the frame (as
 * square as its longer side) and cut to the picture; or, where pictures are squeezed into the frame, straight.
 */
export function maskWay({ frame, fitted, geometry }: Placement, map: Size): { via: Size; part: Size } {
  if (geometry === "stretch") return { via: map, part: map };
  const side = Math.max(frame.width, frame.height);
  return { via: { width: side, height: side }, part: fitted };
}
