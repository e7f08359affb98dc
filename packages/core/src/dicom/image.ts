import type { WindowRule } from "../data/sources.js";
import { ImageError } from "../image/errors.js";
import type { Image } from "../image/image.js";
import { resizeImage } from "../image/resize.js";
import { colourPixels, palettePixels } from "./colour.js";
import { decodeFrame } from "./decode-frame.js";
import { withDicom } from "./file.js";
import { FrameAttributes } from "./functional-groups.js";
import { greyPixels } from "./grey.js";
import { kindOf } from "./header.js";
import { MAX_PIXELS, pixelFormat } from "./pixel-format.js";
import { squareFrame } from "./spacing.js";
import { TAGS } from "./tags.js";
import { unreadableDicom } from "./unreadable.js";

function threeTimes(grey: Float32Array): Float32Array {
  const data = new Float32Array(grey.length * 3);
  for (let i = 0, to = 0; i < grey.length; i++, to += 3) data[to] = data[to + 1] = data[to + 2] = grey[i];
  return data;
}

/**
 * Reads one frame of a DICOM image as it is looked at, with square pixels: where their sides differ by more than 1 % the
 * coarser axis is filled in linearly. Overlays are not drawn.
 *
 * Grey: rescale or Modality LUT, then the window (PS3.3 C.11). By the rule "file" the first window of the file, else its
 * first VOI LUT, else the 0.5th to 99.5th percentile of the frame without padding. MONOCHROME1 is inverted. Colour: RGB, the
 * YBR forms and palettes become RGB; the rule does not matter.
 *
 * @param frame from 0
 * @returns RGB, values in 0..255
 * @throws ImageError IMAGE_UNREADABLE (what cannot be read is named, also the transfer syntax), IMAGE_TOO_LARGE; DatasetError
 *   FRAME_MISSING; RangeError for a window that is not wider than 0
 */
export async function readDicomImage(path: string, frame: number, window: WindowRule = "file"): Promise<Image> {
  return await withDicom(path, async (file) => {
    const { data: header } = file;
    const format = pixelFormat(file);
    if (kindOf(header.text(TAGS.SOPClassUID) ?? "", true) === "segmentation")
      throw unreadableDicom(path, "a DICOM segmentation, where an image is expected", "put it with the masks");
    const attributes = new FrameAttributes(header, frame);
    const { width, height } = squareFrame(attributes, format);
    if (width * height > MAX_PIXELS)
      throw new ImageError(
        "IMAGE_TOO_LARGE",
        `${path}: with square pixels it would be ${width} x ${height}; save a smaller copy`,
        { path, width, height },
      );
    const decoded = await decodeFrame(file, format, frame);
    const { columns, rows, photometric } = format;
    let data: Float32Array;
    if (format.samples === 3) data = colourPixels(decoded, format);
    else if (photometric === "PALETTE COLOR") data = palettePixels(path, header, decoded, format);
    else {
      const grey = greyPixels(decoded, format, attributes, window);
      const square = resizeImage({ data: grey, width: columns, height: rows, channels: 1 }, width, height);
      return { data: threeTimes(square.data), width, height, channels: 3 };
    }
    return resizeImage({ data, width: columns, height: rows, channels: 3 }, width, height);
  });
}
