import { fromFloat16, toFloat16 } from "./float16.js";
import { BlackBoxError } from "./model.js";
import type { ElementType, Tensor } from "./tensor.js";

const FLOATS: readonly string[] = ["float32", "float16"];
const ELEMENTS: readonly string[] = [...FLOATS, "uint8", "int32", "int64"];

export function isElementType(type: string): type is ElementType {
  return ELEMENTS.includes(type);
}

export function isFloatType(type: string): type is "float32" | "float16" {
  return FLOATS.includes(type);
}

/**
 * A tensor of the type that a graph wants, out of plain numbers. Whole-number types get the nearest whole number, bytes
 * within 0..255. Of a `Float32Array` for "float32" the tensor holds the array itself.
 */
export function tensorOf(type: ElementType, shape: readonly number[], values: Float32Array): Tensor {
  switch (type) {
    case "float32":
      return { type, shape, data: values };
    case "float16":
      return { type, shape, data: toFloat16(values) };
    case "uint8":
      return { type, shape, data: Uint8Array.from(Uint8ClampedArray.from(values)) };
    case "int32":
      return { type, shape, data: Int32Array.from(values, Math.round) };
    case "int64":
      return { type, shape, data: BigInt64Array.from(Array.from(values, (value) => BigInt(Math.round(value)))) };
  }
}

/**
 * The numbers of a float tensor that a graph answered with.
 * @param name of the output, for the message. @throws BlackBoxError BLACKBOX_CONTRACT for another type.
 */
export function floatsOf(name: string, tensor: Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  if (tensor.type === "float16" && tensor.data instanceof Uint16Array) return fromFloat16(tensor.data);
  throw new BlackBoxError("BLACKBOX_CONTRACT", `${name} came as ${tensor.type} where float32 or float16 was expected`);
}
