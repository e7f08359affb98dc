import { FedBapsError } from "../common/errors.js";

export type DatasetErrorCode =
  | "DATASET_MISSING"
  | "DATASET_EMPTY"
  | "DATASET_UNPAIRED"
  | "DATASET_DUPLICATE"
  | "DATASET_TOO_SMALL"
  | "MASK_SIZE"
  | "MASK_EMPTY"
  | "MASK_FULL";

/** A folder of pictures and masks that cannot be used as it is. The message names files, so it stays at the site. */
export class DatasetError extends FedBapsError<DatasetErrorCode> {}
