import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** The name, or with a number after it where that is taken. */
export async function freeName(name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}.${n}`;
    const taken = await stat(candidate).then(
      () => true,
      () => false,
    );
    if (!taken) return candidate;
  }
}

/** What an earlier process was writing when it ended. */
export async function removeTemporary(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
}
