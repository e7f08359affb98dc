import type { PictureSource } from "../data/sources.js";
import type { Image } from "../image/image.js";
import { resizeImage } from "../image/resize.js";
import { type Slice, sliceOf } from "./slice.js";
import { openVolume, type Volume } from "./volume.js";
import { type GreyRange, greyRange } from "./window.js";

/** Values that are not numbers, and all of a volume of one value, are black. */
function grey(volume: Volume, slice: Slice, { low, high }: GreyRange): Float32Array {
  const { voxels, slope, intercept } = volume;
  const data = new Float32Array(slice.width * slice.height);
  const scale = high > low ? 255 / (high - low) : 0;
  for (let y = 0, to = 0; y < slice.height; y++)
    for (let x = 0, from = slice.first + y * slice.down; x < slice.width; x++, from += slice.across, to++) {
      const value = (voxels[from] * slope + intercept - low) * scale;
      data[to] = value > 0 ? Math.min(255, value) : 0;
    }
  return data;
}

function colour({ voxels }: Volume, slice: Slice): Float32Array {
  const data = new Float32Array(slice.width * slice.height * 3);
  for (let y = 0, to = 0; y < slice.height; y++)
    for (let x = 0, from = slice.first + y * slice.down; x < slice.width; x++, from += slice.across, to += 3)
      for (let c = 0; c < 3; c++) data[to + c] = voxels[from + c];
  return data;
}

function threeTimes(image: Image): Image {
  const data = new Float32Array(image.data.length * 3);
  for (let i = 0; i < image.data.length; i++) data.fill(image.data[i], 3 * i, 3 * i + 3);
  return { ...image, data, channels: 3 };
}

/**
 * Reads one slice of a NIfTI volume as a radiologist looks at it (`sliceOf`), with square pixels: where the spacings
 * differ by more than 1 % the coarser axis is filled in linearly. Grey values become 0..255 by the source's rule
 * (`greyRange`; "file" unless it says otherwise), clipped; RGB volumes stay as they are.
 *
 * @returns RGB, values in 0..255
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE; RangeError for a window that is not wider than 0
 */
export async function readNiftiImage(source: Extract<PictureSource, { kind: "nifti" }>): Promise<Image> {
  const volume = await openVolume(source.path);
  const slice = sliceOf(volume, source.plane, source.index);
  const { width, height, square } = slice;
  if (volume.channels > 1)
    return resizeImage({ data: colour(volume, slice), width, height, channels: 3 }, square.width, square.height);
  const data = grey(volume, slice, await greyRange(volume, source.window));
  return threeTimes(resizeImage({ data, width, height, channels: 1 }, square.width, square.height));
}
