import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

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
  await mkdir(dirname(file), { recursive: true });
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
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
