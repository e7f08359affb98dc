import { BlackBoxError } from "./model.js";
import type { ElementType, Tensor, TensorData, TensorDescription } from "./tensor.js";

/** What ONNX Runtime says of an input or output, in the parts that we read. */
export type RuntimeMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** An answer of ONNX Runtime, in the parts that we read. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export function describeMetadata(metadata: readonly RuntimeMetadata[]): TensorDescription[] {
  return metadata.map((entry) => ({
    name: entry.name,
    type: entry.isTensor ? entry.type : "not a tensor",
    shape: entry.isTensor ? entry.shape.map((size) => (typeof size === "number" && size > 0 ? size : undefined)) : [],
  }));
}

/** @param name of the output, for the message. @throws BlackBoxError BLACKBOX_CONTRACT where there is none. */
export function tensorFromRuntime(name: string, tensor: RuntimeTensor | undefined): Tensor {
  if (!tensor) throw new BlackBoxError("BLACKBOX_CONTRACT", `the graph gave no ${name}`);
  const data = tensor.data as TensorData;
  // Where JavaScript has a Float16Array of its own the runtime uses that; we hold the bits.
  const bits =
    tensor.type === "float16" && !(data instanceof Uint16Array)
      ? new Uint16Array(
          (data as ArrayBufferView).buffer,
          (data as ArrayBufferView).byteOffset,
          (data as Uint8Array).length,
        )
      : data;
  return { type: tensor.type as ElementType, shape: tensor.dims, data: bits };
}
