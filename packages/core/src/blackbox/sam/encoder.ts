import type { Image } from "../../image/image.js";
import type { Size } from "../../image/place.js";
import { resizeImage } from "../../image/resize.js";
import type { GraphMessage } from "../onnx-schema.js";
import type { Tensor, TensorDescription, TensorGraph } from "../tensor.js";
import { isFloatType, tensorOf } from "../tensor-data.js";
import { NotThisKind } from "./decoder.js";
import type { Placement } from "./geometry.js";
import { type PixelRange, pixelRangeOf } from "./pixels.js";
import type { SamSettings } from "./settings.js";

/** What image inputs of encoders are called. */
export const IMAGE_NAMES = [
  "images",
  "input_image",
  "image",
  "batched_images",
  "pixel_values",
  "x",
  "input",
  "inputs",
  "img",
  "input_images",
] as const;

/** Red, green, blue of ImageNet in 0..255: what every network of the family was trained with. */
const MEAN = [123.675, 116.28, 103.53] as const;
const DEVIATION = [58.395, 57.12, 57.375] as const;
const DEFAULT_SIDE = 1024;

/** An encoder graph, understood. */
export interface SamEncoder {
  readonly input: TensorDescription & { readonly type: "float32" | "float16" | "uint8" };
  readonly layout: "NCHW" | "NHWC" | "HWC" | "CHW";
  readonly frame: Size;
  /** Whether the graph pads by itself: pictures come as they were fitted, without padding. */
  readonly padsItself: boolean;
  readonly pixels: PixelRange;
  /** Where `pixels` comes from, for a person. */
  readonly pixelsFrom: "settings" | "graph" | "family";
}

/**
 * @param source the file's own description of the graph, where it is at hand. @param usual what the family's exporters do
 * where the graph does not tell.
 * @throws NotThisKind with the reason.
 */
export function recogniseEncoder(
  graph: Pick<TensorGraph, "inputs">,
  source: GraphMessage | undefined,
  settings: SamSettings,
  usual: PixelRange,
): SamEncoder {
  const [input, ...others] = graph.inputs;
  const names: readonly string[] = IMAGE_NAMES;
  if (!input || others.length > 0 || !names.includes(input.name))
    throw new NotThisKind(`an encoder has one input, an image called ${IMAGE_NAMES.join(", ")}`);
  const { name, type, shape } = input;
  if (type !== "uint8" && !isFloatType(type))
    throw new NotThisKind(`${name} is ${type}, not float32, float16 or uint8`);
  const layout = layoutOf(input);
  const [height, width] = layout === "NCHW" ? shape.slice(2) : layout === "CHW" ? shape.slice(1) : shape.slice(-3, -1);
  const batch = layout.startsWith("N") ? shape[0] : undefined;
  if (batch !== undefined && batch !== 1) throw new NotThisKind(`${name} wants ${batch} images at once, not 1`);
  const side = settings.size ?? DEFAULT_SIDE;
  const raw = type === "uint8" || layout === "HWC" || layout === "NHWC";
  const seen = source && pixelRangeOf(source, name);
  const pixels = settings.pixels ?? seen ?? (raw ? "0..255" : usual);
  return {
    input: { name, type, shape },
    layout,
    frame: { width: width ?? side, height: height ?? side },
    padsItself: layout === "HWC" && width === undefined && height === undefined,
    pixels,
    pixelsFrom: settings.pixels ? "settings" : seen ? "graph" : "family",
  };
}

function layoutOf({ name, shape }: TensorDescription): SamEncoder["layout"] {
  if (shape.length === 4) {
    if (shape[1] === 3) return "NCHW";
    if (shape[3] === 3) return "NHWC";
    // Neither is said: nearly all exporters put the channels first.
    if (shape[1] === undefined && shape[3] === undefined) return "NCHW";
  }
  if (shape.length === 3) {
    if (shape[2] === 3) return "HWC";
    if (shape[0] === 3) return "CHW";
  }
  const found = `[${shape.map((size) => size ?? "?").join(",")}]`;
  throw new NotThisKind(`${name} is ${found}; an image is [B,3,H,W], [B,H,W,3], [3,H,W] or [H,W,3]`);
}

/** The encoder's input for one RGB picture. */
export function encoderInput(encoder: SamEncoder, image: Image, { frame, fitted }: Placement): Tensor {
  const { input, layout, pixels, padsItself } = encoder;
  const { data } =
    image.width === fitted.width && image.height === fitted.height
      ? image
      : resizeImage(image, fitted.width, fitted.height);
  const { width, height } = padsItself ? fitted : frame;
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  const planar = layout === "NCHW" || layout === "CHW";
  const [scale, shift] = mapping(pixels, data);
  // Padding is what a black border is after mean and deviation were applied to the picture alone: the mean colour.
  const padding = pixels === "0..255" ? MEAN : pixels === "0..1" ? MEAN.map((mean) => mean / 255) : [0, 0, 0];
  for (let c = 0; c < 3; c++) {
    const step = planar ? 1 : 3;
    const start = planar ? c * plane : c;
    if (fitted.width < width || fitted.height < height)
      for (let i = 0, at = start; i < plane; i++, at += step) out[at] = padding[c];
    for (let y = 0; y < fitted.height; y++) {
      let from = y * fitted.width * 3 + c;
      let to = start + y * width * step;
      for (let x = 0; x < fitted.width; x++, from += 3, to += step) out[to] = data[from] * scale[c] + shift[c];
    }
  }
  const inside = layout === "NCHW" || layout === "CHW" ? [3, height, width] : [height, width, 3];
  return tensorOf(input.type, layout.startsWith("N") ? [1, ...inside] : inside, out);
}

/** value -> value * scale + shift, for each channel. */
function mapping(pixels: PixelRange, data: Float32Array): [scale: readonly number[], shift: readonly number[]] {
  switch (pixels) {
    case "normalised":
      return [DEVIATION.map((deviation) => 1 / deviation), MEAN.map((mean, c) => -mean / DEVIATION[c])];
    case "0..255":
      return [
        [1, 1, 1],
        [0, 0, 0],
      ];
    case "0..1": {
      const one = 1 / 255;
      return [
        [one, one, one],
        [0, 0, 0],
      ];
    }
    case "minmax": {
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (const value of data) {
        if (value < least) least = value;
        if (value > most) most = value;
      }
      const scale = 1 / Math.max(most - least, 1e-8);
      const shift = -least * scale;
      return [
        [scale, scale, scale],
        [shift, shift, shift],
      ];
    }
  }
}
