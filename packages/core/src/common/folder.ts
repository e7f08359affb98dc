import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder with those above it, where it is missing.
 * @throws what the system says. Node's own says of a read-only disk that the folder is not there (ENOENT): here the
 *   nearest folder above tells the reason.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") await access(await nearest(folder), constants.W_OK);
    throw error;
  }
}

/** The folder, or the nearest above it that is there. */
export async function nearest(folder: string): Promise<string> {
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  return there || dirname(folder) === folder ? folder : nearest(dirname(folder));
}
