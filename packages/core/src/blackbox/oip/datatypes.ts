import { endianness } from "node:os";
import { BlackBoxError } from "../model.js";
import type { ElementType, TensorData } from "../tensor.js";

/** The protocol's names of our element types ("Tensor Data Types"), with their bytes. */
const DATATYPES: Readonly<Record<ElementType, { readonly name: string; readonly bytes: number }>> = {
  float32: { name: "FP32", bytes: 4 },
  float16: { name: "FP16", bytes: 2 },
  uint8: { name: "UINT8", bytes: 1 },
  int32: { name: "INT32", bytes: 4 },
  int64: { name: "INT64", bytes: 8 },
};

/** Elements of one tensor at most: what is larger is no answer of a segmenter. */
export const MOST_ELEMENTS = 2 ** 28;

/** @returns FP32 for float32, and so on. */
export function datatypeOf(type: ElementType): string {
  return DATATYPES[type].name;
}

export function bytesOf(type: ElementType): number {
  return DATATYPES[type].bytes;
}

/** @returns our name of a datatype, where it is one of ours. */
export function elementTypeOf(datatype: string): ElementType | undefined {
  return (Object.keys(DATATYPES) as ElementType[]).find((type) => DATATYPES[type].name === datatype);
}

/**
 * The number of elements of a shape that came from outside.
 * @throws BlackBoxError BLACKBOX_CONTRACT for sizes that are negative, no whole numbers, or huge.
 */
export function elementsOf(shape: readonly number[], where: string): number {
  let elements = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0 || size > MOST_ELEMENTS)
      throw new BlackBoxError("BLACKBOX_CONTRACT", `${where} has the shape [${shape.slice(0, 8).join(",")}]`);
    elements *= size;
    if (elements > MOST_ELEMENTS)
      throw new BlackBoxError("BLACKBOX_CONTRACT", `${where} has more than ${MOST_ELEMENTS} elements`);
  }
  return elements;
}

/** Elements as the binary extension orders their bytes (little-endian) into `out` from `offset` on. */
export function writeElements(data: TensorData, out: Buffer, offset: number): void {
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
  toHostOrder(out.subarray(offset, offset + data.byteLength), data.BYTES_PER_ELEMENT);
}

/** The inverse of `writeElements`: a copy, aligned as typed arrays need it, of bytes of a whole number of elements. */
export function readElements(type: ElementType, bytes: Uint8Array): TensorData {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  toHostOrder(copy, bytesOf(type));
  switch (type) {
    case "float32":
      return new Float32Array(copy.buffer);
    case "float16":
      return new Uint16Array(copy.buffer);
    case "uint8":
      return new Uint8Array(copy.buffer);
    case "int32":
      return new Int32Array(copy.buffer);
    case "int64":
      return new BigInt64Array(copy.buffer);
  }
}

/** Turns elements round, in place, on the few machines that hold them big end first. */
function toHostOrder(bytes: Buffer, size: number): void {
  if (endianness() === "LE" || size === 1) return;
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else bytes.swap64();
}
