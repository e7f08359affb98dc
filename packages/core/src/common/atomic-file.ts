import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "./folder.js";

/**
 * Writes a file whole or not at all: into a temporary file beside it, to the disk, then renamed. Makes the folder.
 * @param mode permission bits; 0o600 for secrets.
 * @param durable false for what may be lost with the machine: it is not waited for the disk.
 */
export async function writeFileAtomic(
  file: string,
  content: Uint8Array | string,
  mode = 0o644,
  durable = true,
): Promise<void> {
  await makeFolder(dirname(file));
  await replaceFile(file, content, mode, durable);
}

/** The same in a folder that is there already: one that has gone is not made anew. */
export async function replaceFile(
  file: string,
  content: Uint8Array | string,
  mode = 0o644,
  durable = true,
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(content);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    if (durable) await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Folders that cannot be opened or flushed: on Windows, and on some network drives. */
const NO_FOLDER_SYNC = new Set(["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "EBADF", "ENOSYS"]);

/** Waits until the names in a folder are on the disk: a new or renamed file is found again only with its name. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NO_FOLDER_SYNC.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
