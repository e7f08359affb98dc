import { endianness } from "node:os";
import { asBytes } from "../common/bytes.js";
import { FedBapsError } from "../common/errors.js";

export class CodecError extends FedBapsError<"VECTOR_LENGTH"> {}

const LITTLE_ENDIAN = endianness() === "LE";

/** Ring elements as little-endian bytes, four each; a copy. */
export function encodeRing(vector: Uint32Array): Uint8Array {
  if (LITTLE_ENDIAN) return new Uint8Array(asBytes(vector));
  const out = new Uint8Array(vector.length * 4);
  const view = new DataView(out.buffer);
  for (let i = 0; i < vector.length; i++) view.setUint32(i * 4, vector[i], true);
  return out;
}

/**
 * The inverse of `encodeRing`; a copy.
 * @param length the number of elements that must be there.
 * @throws CodecError VECTOR_LENGTH
 */
export function decodeRing(bytes: Uint8Array, length: number): Uint32Array {
  if (bytes.length !== length * 4)
    throw new CodecError(
      "VECTOR_LENGTH",
      `a vector of ${length} elements has ${length * 4} bytes, got ${bytes.length}`,
    );
  // By the constructor: `slice` of a Buffer would be a view of the same memory.
  if (LITTLE_ENDIAN) return new Uint32Array(new Uint8Array(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Uint32Array(length);
  for (let i = 0; i < length; i++) out[i] = view.getUint32(i * 4, true);
  return out;
}
