import { type FileHandle, open } from "node:fs/promises";
import { messageOf } from "../common/errors.js";
import { imageError } from "./errors.js";

/** How a file begins. */
export interface FileStart {
  /** Its first bytes; all of a file that is shorter. */
  readonly head: Uint8Array;
  /** Of the whole file, in bytes. */
  readonly size: number;
}

const FORBIDDEN = ["EACCES", "EPERM"];

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (FORBIDDEN.includes(code ?? ""))
      throw imageError(
        "FILE_FORBIDDEN",
        path,
        {
          reason: "this user may not read the file",
          remedy: "give the right to read it; the file itself may be fine",
        },
        cause,
      );
    const fault =
      code === "ENOENT" || code === "ENOTDIR"
        ? { reason: "no such file", remedy: "check the path" }
        : {
            reason: `cannot be opened (${messageOf(cause)})`,
            remedy: "check the disk or the network drive, and try again",
          };
    throw imageError("IMAGE_UNREADABLE", path, fault, cause);
  }
}

async function fill(file: FileHandle, path: string, room: Buffer): Promise<Uint8Array> {
  let filled = 0;
  try {
    while (filled < room.length) {
      const { bytesRead } = await file.read(room, filled, room.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
  } catch (cause) {
    // The file is there and may be opened: the disk or the network drive is at fault, not the data.
    const reason = `reading failed (${messageOf(cause)})`;
    throw imageError("IMAGE_UNREADABLE", path, { reason, remedy: "check the disk, and try again" }, cause);
  }
  return room.subarray(0, filled);
}

/**
 * Reads the first bytes of a file. What keeps it from being read is told apart: absent, forbidden, a folder, empty.
 * @param bytes how many at most
 * @throws ImageError FILE_FORBIDDEN, IMAGE_UNREADABLE
 */
export async function fileStart(path: string, bytes: number): Promise<FileStart> {
  const file = await openFile(path);
  try {
    const info = await file.stat();
    if (!info.isFile())
      throw imageError("IMAGE_UNREADABLE", path, { reason: "not a file", remedy: "name a file, not a folder" });
    if (info.size === 0)
      throw imageError("IMAGE_UNREADABLE", path, {
        reason: "the file is empty (0 bytes)",
        remedy: "copy it again from where it came from, or take it out of the folder",
      });
    return { head: await fill(file, path, Buffer.alloc(Math.min(bytes, info.size))), size: info.size };
  } finally {
    await file.close();
  }
}
