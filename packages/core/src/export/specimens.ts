import type { PromptPoint } from "../blackbox/model.js";
import { drawPhantom, LOOKS } from "../data/phantoms.js";
import type { Image } from "../image/image.js";
import type { Size } from "../image/place.js";
import { resizeImage } from "../image/resize.js";

/** A picture (RGB, 0..255, as read) and a click in its pixels, on which a graph is compared with the pipeline. */
export interface Specimen {
  readonly image: Image;
  readonly point: PromptPoint;
}

/** Smaller and larger than the decoder's square and than common black boxes, upright, lying, and of odd sides. */
const SIZES: readonly Size[] = [
  { width: 128, height: 128 },
  { width: 160, height: 128 },
  { width: 61, height: 97 },
  { width: 431, height: 640 },
  { width: 1100, height: 733 },
];

const LARGEST_DRAWN = 320;

/** Clicks as shares of the picture's sides: inside, and in its corners, where a click is nearest to leaving it. */
const PLACES = [
  [0.45, 0.55],
  [0, 0],
  [1, 1],
  [0.7, 0.2],
] as const;

/** How many specimens `specimens` draws. */
export const SPECIMENS = SIZES.length + 1;

/** Drawn pictures of all looks and several sizes, and one of a single grey level, where only rounding has a texture. */
export function* specimens(): Generator<Specimen> {
  for (const [i, size] of SIZES.entries()) {
    const image = drawn(size, i);
    yield { image, point: clickAt(size, i) };
  }
  const flat = { width: 300, height: 200 };
  const data = new Float32Array(3 * flat.width * flat.height).fill(93);
  yield { image: { ...flat, data, channels: 3 }, point: clickAt(flat, 0) };
}

/** Drawing takes long where a picture is large: such a one is enlarged. */
function drawn({ width, height }: Size, i: number): Image {
  const factor = Math.ceil(Math.max(width, height) / LARGEST_DRAWN);
  const size = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
  const { image } = drawPhantom({ look: LOOKS[i % LOOKS.length], seed: 1, index: i, size });
  return resizeImage(image, width, height);
}

function clickAt({ width, height }: Size, i: number): PromptPoint {
  const [across, down] = PLACES[i % PLACES.length];
  return { x: Math.round(across * (width - 1)), y: Math.round(down * (height - 1)), label: 1 };
}
