/** Byte helpers. All numbers on the wire and in hashed transcripts are little-endian. */
import { timingSafeEqual } from "node:crypto";

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** The memory of a typed array as bytes; nothing is copied. */
export function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Takes the same time wherever the bytes differ; only their number shows. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Decodes base64. Does not validate: check the wire format by its schema first. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** A 32-bit unsigned integer as four little-endian bytes. @throws RangeError for any other number. */
export function uint32Bytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new RangeError(`a 32-bit number must be a whole number from 0 to 4294967295, not ${value}`);
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

/**
 * An unambiguous encoding of a list of fields for hashing and signing: each field is preceded by its length, so no two
 * different lists of the same kinds of fields give the same bytes.
 */
export function transcript(...fields: readonly (string | number | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    const bytes = typeof field === "string" ? utf8(field) : typeof field === "number" ? uint32Bytes(field) : field;
    parts.push(uint32Bytes(bytes.length), bytes);
  }
  return concatBytes(...parts);
}
