import { readDicomImage } from "../dicom/image.js";
import { readSegmentationMask } from "../dicom/segmentation.js";
import type { Image, Mask } from "../image/image.js";
import { readImage, readMask } from "../image/read.js";
import { readNiftiImage } from "../nifti/image.js";
import { readNiftiMask } from "../nifti/mask.js";
import type { MaskSource, PictureSource } from "./sources.js";

/**
 * Reads a picture, wherever it is.
 * @returns RGB, values in 0..255, upright, with square pixels where the file tells their sides
 * @throws ImageError when the file cannot be read; DatasetError FRAME_MISSING
 */
export async function readPicture(source: PictureSource): Promise<Image> {
  switch (source.kind) {
    case "picture":
      return readImage(source.path);
    case "dicom":
      return readDicomImage(source.path, source.frame, source.window);
    case "nifti":
      return readNiftiImage(source);
  }
}

/**
 * Reads a mask, wherever it is, in the view in which `readPicture` gives the picture of the same place.
 * @throws ImageError when the file cannot be read; DatasetError SEGMENTATION_UNMATCHED
 */
export async function readTruth(source: MaskSource): Promise<Mask> {
  switch (source.kind) {
    case "picture":
      return readMask(source.path);
    case "dicom-seg":
      return readSegmentationMask(source);
    case "nifti":
      return readNiftiMask(source);
  }
}
