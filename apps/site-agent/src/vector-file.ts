import { open, readFile, rename } from "node:fs/promises";
import { concatBytes, equalBytes, uint32Bytes, utf8 } from "@fedbaps/core/common/bytes.js";
import { sha256 } from "@fedbaps/core/common/hash.js";
import { z } from "zod";

/**
 * Vectors with a little JSON before them, in one checked file: "FBV1", length of the header (32 bits, little-endian), the
 * header `{lengths, meta}`, the float32 values (little-endian), SHA-256 of all before.
 */
const MAGIC = utf8("FBV1");
const DIGEST_BYTES = 32;

const headerSchema = z.object({ lengths: z.array(z.number().int().min(0)), meta: z.unknown() });

/**
 * Writes the file whole or not at all.
 * @param durable also through a power failure; costs a wait for the disk.
 */
export async function writeVectors(
  file: string,
  meta: unknown,
  vectors: readonly Float32Array[],
  durable: boolean,
): Promise<void> {
  const header = utf8(JSON.stringify({ lengths: vectors.map(({ length }) => length), meta }));
  const content = concatBytes(MAGIC, uint32Bytes(header.length), header, ...vectors.map(bytesOf));
  // One agent per home: nobody else writes this name.
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(content);
    await handle.writeFile(sha256(content));
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** @returns undefined when the file is missing, cut off or damaged: the caller falls back on what it had before. */
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
  if (end < 8 || !equalBytes(bytes.subarray(0, 4), MAGIC)) return undefined;
  if (!equalBytes(bytes.subarray(end), sha256(bytes.subarray(0, end)))) return undefined;
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
