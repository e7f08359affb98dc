import type { Image, Mask } from "./image.js";

/** Red, green and blue, each 0..255. */
export type Colour = readonly [number, number, number];

/** A copy with three channels. */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return { ...image, data: image.data.slice() };
  const data = new Float32Array(image.data.length * 3);
  for (let i = 0; i < data.length; i++) data[i] = image.data[Math.floor(i / 3)];
  return { data, width: image.width, height: image.height, channels: 3 };
}

/** Whether a pixel of the mask lies within the reach of something outside; beyond the picture is outside. */
function nearOutside(mask: Mask, x: number, y: number, reach: number): boolean {
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      if (dx * dx + dy * dy > reach * reach) continue;
      const atX = x + dx;
      const atY = y + dy;
      if (atX < 0 || atY < 0 || atX >= mask.width || atY >= mask.height) return true;
      if (!mask.data[atY * mask.width + atX]) return true;
    }
  }
  return false;
}

/**
 * A copy of the picture (three channels) with the mask's outline painted on it: the outermost `width` pixels inside the
 * mask. A mask of another size is refused: resize it first.
 * @throws RangeError when sizes differ or `width` is not a whole number >= 1
 */
export function drawContours(image: Image, mask: Mask, colour: Colour, width = 1): Image {
  if (image.width !== mask.width || image.height !== mask.height)
    throw new RangeError(`sizes differ: ${image.width} x ${image.height} and ${mask.width} x ${mask.height}`);
  if (!Number.isInteger(width) || width < 1) throw new RangeError(`width must be a whole number >= 1, not ${width}`);
  const out = toRgb(image);
  for (let y = 0; y < mask.height; y++)
    for (let x = 0; x < mask.width; x++) {
      const i = y * mask.width + x;
      if (mask.data[i] && nearOutside(mask, x, y, width)) out.data.set(colour, i * 3);
    }
  return out;
}
