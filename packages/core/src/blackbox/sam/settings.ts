import { BlackBoxError, type Geometry } from "../model.js";
import { PIXEL_RANGES, type PixelRange } from "./pixels.js";

/** What a person may say of a pair of graphs that the graphs do not tell, after `#` in the spec. */
export interface SamSettings {
  /** medsam: pictures squeezed into the square, each picture's own range as 0..1, the first of several masks. */
  readonly preset?: "medsam";
  readonly pixels?: PixelRange;
  readonly fit?: Geometry;
  /** Side of the encoder's square in pixels, where the graph leaves it free. */
  readonly size?: number;
  /** Which output to take where there are two: low-resolution masks (default), or those at the image's size. */
  readonly masks?: "low-res" | "image";
}

export const SAM_SETTINGS = ["preset", "pixels", "fit", "size", "masks"] as const;

/** @throws BlackBoxError BLACKBOX_UNKNOWN for a value that a setting cannot have. */
export function parseSamSettings(given: Readonly<Record<string, string>>): SamSettings {
  const one = <T extends string>(key: string, words: readonly T[]): T | undefined => {
    const value = given[key];
    if (value === undefined) return undefined;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined)
      throw new BlackBoxError("BLACKBOX_UNKNOWN", `black-box setting ${key}=${value}: use ${words.join(" or ")}`);
    return word;
  };
  const size = given.size === undefined ? undefined : Number(given.size);
  if (size !== undefined && !(Number.isInteger(size) && size >= 16 && size <= 4096))
    throw new BlackBoxError(
      "BLACKBOX_UNKNOWN",
      `black-box setting size=${given.size}: give a whole number from 16 to 4096`,
    );
  const preset = one("preset", ["sam", "medsam"]);
  const pixels = one("pixels", PIXEL_RANGES);
  const fit = one("fit", ["longest-side", "stretch"] as const);
  const masks = one("masks", ["low-res", "image"] as const);
  return {
    ...(preset === "medsam" ? { preset, pixels: "minmax", fit: "stretch" } : {}),
    ...(pixels === undefined ? {} : { pixels }),
    ...(fit === undefined ? {} : { fit }),
    ...(size === undefined ? {} : { size }),
    ...(masks === undefined ? {} : { masks }),
  };
}
