import { fileURLToPath } from "node:url";

/** Beside the repository, where there is one. */
export const GENERAL_MODEL_FILE = fileURLToPath(
  new URL("../../../../../shared/models/general-seg-128.onnx", import.meta.url),
);
