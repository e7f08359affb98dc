import { type FileHandle, open } from "node:fs/promises";
import { messageOf } from "../common/errors.js";
import { COPY_AGAIN, unreadableDicom } from "./unreadable.js";

/** Bytes that are read where they are needed: a file's, or unpacked ones in memory. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** A part; fewer bytes where the source ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A part of a source, the whole of it. @throws ImageError IMAGE_UNREADABLE where the source ends before */
export async function readExactly(
  path: string,
  source: ByteSource,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const there = Math.max(0, Math.min(length, source.size - offset));
  if (there === length) {
    const bytes = await source.read(offset, length);
    if (bytes.length === length) return bytes;
  }
  throw unreadableDicom(path, `cut short: ${there} of ${length} bytes of a picture are there`, COPY_AGAIN);
}

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw absent
      ? unreadableDicom(path, "no such file", "check the path", cause)
      : unreadableDicom(path, `cannot be opened (${messageOf(cause)})`, "check who may read it", cause);
  }
}

/**
 * Gives `use` a file's bytes, and closes the file after it.
 * @throws ImageError IMAGE_UNREADABLE for a file that cannot be opened or read, a folder, an empty file
 */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    const info = await file.stat();
    if (!info.isFile()) throw unreadableDicom(path, "not a file", "name a DICOM file");
    if (info.size === 0) throw unreadableDicom(path, "the file is empty", COPY_AGAIN);
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const wanted = Math.max(0, Math.min(length, info.size - offset));
      const bytes = Buffer.alloc(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await file.read(bytes, filled, wanted - filled, offset + filled).catch((cause) => {
          throw unreadableDicom(
            path,
            `cannot be read (${messageOf(cause)})`,
            "check the disk or the network share",
            cause,
          );
        });
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      // A view of its own: Buffer methods differ from those of Uint8Array.
      return new Uint8Array(bytes.buffer, bytes.byteOffset, filled);
    };
    return await use({ size: info.size, read });
  } finally {
    await file.close();
  }
}
