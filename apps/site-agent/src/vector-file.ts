import { readFile } from "node:fs/promises";
import { replaceFile } from "@fedbaps/core/common/atomic-file.js";
import { concatBytes, equalBytes, uint32Bytes, utf8 } from "@fedbaps/core/common/bytes.js";
import { sha256 } from "@fedbaps/core/common/hash.js";
import { z } from "zod";
import { newerFormat } from "./format-version.js";
import { writing } from "./home-failure.js";

/**
 * Vectors with a little JSON before them, in one checked file: "FBV1", length of the header (32 bits, little-endian), the
 * header `{lengths, meta}`, the float32 values (little-endian), SHA-256 of all before.
 */
const MAGIC_TEXT = "FBV1";
const MAGIC = utf8(MAGIC_TEXT);
const DIGEST_BYTES = 32;

const headerSchema = z.object({ lengths: z.array(z.number().int().min(0)), meta: z.unknown() });

/** Writes the file whole or not at all, also through a power failure. @throws AgentError as `writing` does */
export async function writeVectors(file: string, meta: unknown, vectors: readonly Float32Array[]): Promise<void> {
  const header = utf8(JSON.stringify({ lengths: vectors.map(({ length }) => length), meta }));
  const content = concatBytes(MAGIC, uint32Bytes(header.length), header, ...vectors.map(bytesOf));
  await writing(file, () => replaceFile(file, concatBytes(content, sha256(content)), 0o600));
}

/**
 * @returns undefined when the file is missing, cut off or damaged: the caller falls back on what it had before.
 * @throws AgentError HOME_NEWER
 */
export async function readVectors<S extends z.ZodType>(
  file: string,
  meta: S,
): Promise<{ meta: z.output<S>; vectors: Float32Array[] } | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const end = bytes.length - DIGEST_BYTES;
  if (end < 8 || !equalBytes(bytes.subarray(end), sha256(bytes.subarray(0, end)))) return undefined;
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, 4));
  if (magic !== MAGIC_TEXT) {
    const newer = newerFormat(file, { format: magic.replace(/^FBV(\d)$/, "fedbaps-vectors/$1") });
    if (newer) throw newer;
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + view.getUint32(4, true);
  const header = headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))));
  let offset = start;
  const vectors = header.lengths.map((length) => {
    const vector = new Float32Array(length);
    for (let i = 0; i < length; i++) vector[i] = view.getFloat32(offset + 4 * i, true);
    offset += 4 * length;
    return vector;
  });
  return { meta: meta.parse(header.meta), vectors };
}

function bytesOf(vector: Float32Array): Uint8Array {
  const out = new Uint8Array(vector.length * 4);
  const view = new DataView(out.buffer);
  for (let i = 0; i < vector.length; i++) view.setFloat32(4 * i, vector[i], true);
  return out;
}
