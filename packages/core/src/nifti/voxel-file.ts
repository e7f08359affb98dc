import { createReadStream } from "node:fs";
import { endianness } from "node:os";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { messageOf } from "../common/errors.js";
import { CONTENT_BYTES } from "../image/content.js";
import { ImageError } from "../image/errors.js";
import { fileStart } from "../image/file-start.js";
import { HEADER_BYTES, type NiftiHeader, readNiftiHeader, voxelBytes } from "./header.js";
import { imgBeside, pairOf } from "./pair.js";
import { COPY_AGAIN, unreadableVolume } from "./unreadable.js";
import type { Voxels } from "./voxel-type.js";

const CHUNK = 1024 * 1024;
/** Deflate makes at most 1032 bytes of one: a file that announces more than that lies or is cut short. */
const DEFLATE_RATIO = 1032;
/** So much may follow the voxels before reading stops: enough to reach the checksum behind any honest padding. */
const MAX_TRAILER = CHUNK;

/** The uncompressed bytes of a file; compression is seen from the content, since names are changed by hand. */
function uncompressed(path: string, gzip: boolean): Readable {
  const file = createReadStream(path, { highWaterMark: CHUNK });
  if (!gzip) return file;
  // pipeline closes both when either fails or is left; the error comes out of the reading end.
  return pipeline(file, createGunzip({ chunkSize: CHUNK }), () => {}) as Readable;
}

/** Refuses what cannot be whole, before memory is taken for it. */
function checkSize(path: string, header: NiftiHeader, fileSize: number, gzip: boolean): void {
  const needed = header.offset + voxelBytes(header);
  const possible = gzip ? fileSize * DEFLATE_RATIO : fileSize;
  if (needed <= possible) return;
  throw unreadableVolume(
    path,
    `cut short: the header announces ${header.storedShape.join(" x ")} voxels of ${header.type.name} ` +
      `(${needed} bytes), which ${fileSize}${gzip ? " compressed" : ""} bytes cannot hold`,
    COPY_AGAIN,
  );
}

/** Copies the part of `chunk`, which begins at `position` of the file, that belongs to the voxels, which begin at `offset`. */
function place(voxels: Uint8Array, offset: number, chunk: Uint8Array, position: number): void {
  const skipped = Math.max(0, offset - position);
  const to = Math.max(0, position - offset);
  if (skipped < chunk.length && to < voxels.length)
    voxels.set(chunk.subarray(skipped, skipped + voxels.length - to), to);
}

/** The first uncompressed bytes of a file: enough for its header, or all. */
async function beginning(bytes: Readable): Promise<Uint8Array> {
  let start = Buffer.alloc(0);
  for await (const chunk of bytes) {
    start = Buffer.concat([start, chunk]);
    if (start.length >= HEADER_BYTES) break;
  }
  return start;
}

/** Takes room for the voxels and fills it; how many bytes of them there were. */
async function collect(
  { offset, ...header }: NiftiHeader,
  bytes: Readable,
): Promise<{ voxels: Uint8Array; filled: number }> {
  const voxels = new Uint8Array(voxelBytes(header));
  let position = 0;
  for await (const chunk of bytes) {
    place(voxels, offset, chunk, position);
    position += chunk.length;
    if (position > offset + voxels.length + MAX_TRAILER) break;
  }
  return { voxels, filled: Math.max(0, Math.min(position - offset, voxels.length)) };
}

/** In place. */
function swapBytes(bytes: Uint8Array, width: 1 | 2 | 4 | 8): void {
  const buffer = Buffer.from(bytes.buffer);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

/** The file's size, and whether it is compressed. */
async function inspect(path: string): Promise<{ size: number; gzip: boolean }> {
  const { head, size } = await fileStart(path, CONTENT_BYTES);
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  return { size, gzip };
}

/** Runs a reading; what the unpacking of a file throws becomes an error of ours. */
async function guarded<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw unreadableVolume(path, `damaged or cut short (${messageOf(cause)})`, COPY_AGAIN, cause);
  }
}

/** The file that holds the voxels: the same, or the other half of a pair. */
async function voxelsOf(path: string, header: NiftiHeader): Promise<string> {
  if (!header.pair) return path;
  const names = pairOf(path);
  if (!names)
    throw unreadableVolume(path, "the header of a pair (.hdr and .img)", "give it its name, with .hdr at the end");
  const voxels = await imgBeside(names);
  if (voxels) return voxels;
  throw unreadableVolume(
    path,
    "the header of a pair, of which the other half is missing",
    `put ${names.img} beside it`,
  );
}

/**
 * Reads a `.nii` or `.nii.gz` file, or a NIfTI pair by either of its names, whole: its header, and the voxels in the
 * stored order (i fastest) and type, in this machine's byte order. Takes the memory of the voxels and about 2 MiB; nothing
 * before the header is found to fit the file. The checksum of a compressed file is checked.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readVoxelFile(path: string): Promise<{ header: NiftiHeader; voxels: Voxels }> {
  const headerPath = pairOf(path)?.hdr ?? path;
  const start = await inspect(headerPath);
  const first = await guarded(headerPath, beginning(uncompressed(headerPath, start.gzip)));
  const header = readNiftiHeader(headerPath, first);
  const voxelPath = await voxelsOf(headerPath, header);
  const { size, gzip } = voxelPath === headerPath ? start : await inspect(voxelPath);
  checkSize(voxelPath, header, size, gzip);
  const { voxels, filled } = await guarded(voxelPath, collect(header, uncompressed(voxelPath, gzip)));
  if (filled < voxels.length)
    throw unreadableVolume(voxelPath, `cut short: ${filled} of ${voxels.length} bytes of voxels are there`, COPY_AGAIN);
  if (header.littleEndian !== (endianness() === "LE")) swapBytes(voxels, header.type.bytes);
  return { header, voxels: header.type.view(voxels.buffer as ArrayBuffer) };
}
