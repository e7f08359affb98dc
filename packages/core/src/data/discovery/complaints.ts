import type { Problem } from "../problem.js";
import { EXPECTED, type FoundFile } from "./formats.js";

/** A picture without a mask. */
export function unpaired({ path, stem }: Pick<FoundFile, "path" | "stem">): Problem {
  return {
    severity: "case",
    code: "DATASET_UNPAIRED",
    file: path,
    stem,
    message: "has no mask of the same name",
    remedy: "add the mask or take the picture out",
  };
}

/** Several files where one is expected. */
export function twice(files: readonly FoundFile[], what: "pictures" | "masks"): Problem {
  const [first] = files;
  return {
    severity: "case",
    code: "DATASET_DUPLICATE",
    file: first.path,
    stem: first.stem,
    message: `is one of ${files.length} ${what} of the same stem`,
    remedy: "keep one of them",
  };
}

/** A mask of a kind that does not go with its picture. */
export function wrongKind(mask: FoundFile, image: FoundFile): Problem {
  const kinds = { picture: "a picture", nifti: "a NIfTI volume", dicom: "a DICOM image", segmentation: "a DICOM-SEG" };
  return {
    severity: "case",
    code: "MASK_KIND",
    file: mask.path,
    message: `is ${kinds[mask.kind]}, but what it marks is ${kinds[image.kind]}`,
    remedy:
      image.kind === "nifti"
        ? "save the labels as NIfTI on the same grid"
        : image.kind === "dicom"
          ? "save the mask as DICOM-SEG, or as PNG of the picture's size"
          : "save the mask as PNG of the picture's size",
  };
}

/** Nothing to work with. */
export function empty(folder: string, message: string, remedy: string): Problem {
  return { severity: "fatal", code: "DATASET_EMPTY", file: folder, message, remedy };
}

/** A place without one usable picture. */
export function noPictures(folder: string, files: number): Problem {
  return empty(
    folder,
    `none of its ${files} files is a picture`,
    `expected are ${EXPECTED}, by extensions as .png .jpg .tif .bmp .dcm .nii.gz`,
  );
}
