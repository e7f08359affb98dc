import { FedBapsError } from "../common/errors.js";

export type DatasetErrorCode =
  | "DATASET_MISSING"
  | "DATASET_EMPTY"
  | "DATASET_UNPAIRED"
  | "DATASET_DUPLICATE"
  | "DATASET_TOO_SMALL"
  | "DATASET_BAD_CASES"
  | "DATASET_PART_EMPTY"
  | "MANIFEST_INVALID"
  | "PATIENT_IN_TWO_SPLITS"
  | "FILE_FORBIDDEN"
  | "IMAGE_BLANK"
  | "IMAGE_DUPLICATE"
  | "IMAGE_IN_TWO_SPLITS"
  | "FRAME_MISSING"
  | "MASK_AMBIGUOUS"
  | "MASK_KIND"
  | "MASK_GRID"
  | "MASK_SIZE"
  | "MASK_EMPTY"
  | "MASK_FULL"
  | "MASK_VALUES"
  | "SEGMENTATION_UNMATCHED";

/** A folder of pictures and masks that cannot be used as it is. The message names files, so it stays at the site. */
export class DatasetError extends FedBapsError<DatasetErrorCode> {}
