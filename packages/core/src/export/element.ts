import { DATA_TYPE } from "../blackbox/onnx-schema.js";

/** Element types that the graphs use. */
export type Element = "float32" | "float64" | "int64" | "bool";

/** TensorProto.DataType of each. */
export const ELEMENT_TYPE: Readonly<Record<Element, number>> = {
  float32: DATA_TYPE.float32,
  float64: DATA_TYPE.float64,
  int64: DATA_TYPE.int64,
  bool: 9,
};
