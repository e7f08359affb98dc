import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Image, Mask } from "../image/image.js";
import type { Size } from "../image/place.js";
import { writeMaskPng, writePng } from "../image/write.js";
import { RandomStream } from "../math/rng.js";
import { acquire } from "./phantom/acquisition.js";
import { newCanvas } from "./phantom/brush.js";
import { LOOKS, type Look } from "./phantom/looks.js";

export { LOOKS, type Look } from "./phantom/looks.js";

/** Not square, so that nothing can confuse width and height unnoticed. */
const SIZE: Size = { width: 160, height: 128 };
const MAX_IMAGES = 9999;

/**
 * Draws one phantom: a synthetic picture that looks medical, with the mask of the structure sought. The same look, seed,
 * index and size give the same picture. The mask has both values and lies mostly in the inner part.
 *
 * @returns RGB, whole numbers in 0..255; 160 x 128 pixels unless asked otherwise
 */
export function drawPhantom(options: {
  readonly look: Look;
  readonly seed: number;
  readonly index: number;
  readonly size?: Size;
}): { image: Image; mask: Mask } {
  const { look, seed, index, size = SIZE } = options;
  const { width, height } = size;
  const stream = new RandomStream(seed, "phantom", look.name, index);
  const canvas = newCanvas(width, height);
  const cover = look.scene(canvas, stream);
  acquire(canvas, look.acquisition, stream);
  const data = Uint8Array.from(cover, (share) => (share > 0.5 ? 1 : 0));
  return { image: { data: canvas.data, width, height, channels: 3 }, mask: { data, width, height } };
}

/** The look of a site; sites beyond the last look begin again with the first. */
export function lookOf(site: number): Look {
  return LOOKS[site % LOOKS.length];
}

/**
 * Writes a site's phantoms into `folder/images` and `folder/masks` as phantom-0001.png and so on. Sites of the same look
 * still get different pictures.
 * @param options.site counts from 0
 * @throws RangeError for more than 9999 images; ImageError IMAGE_UNWRITABLE
 */
export async function writePhantomSite(
  folder: string,
  options: { readonly site: number; readonly images: number; readonly seed: number },
): Promise<void> {
  const { site, images, seed } = options;
  if (!Number.isInteger(images) || images < 1 || images > MAX_IMAGES)
    throw new RangeError(`images must be 1 to ${MAX_IMAGES}, not ${images}`);
  await mkdir(join(folder, "images"), { recursive: true });
  await mkdir(join(folder, "masks"), { recursive: true });
  for (let n = 1; n <= images; n++) {
    const { image, mask } = drawPhantom({ look: lookOf(site), seed, index: site * (MAX_IMAGES + 1) + n });
    const name = `phantom-${String(n).padStart(4, "0")}.png`;
    await writePng(join(folder, "images", name), image);
    await writeMaskPng(join(folder, "masks", name), mask);
  }
}
