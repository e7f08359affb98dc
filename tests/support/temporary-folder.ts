import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";

const made: string[] = [];

/** A fresh folder that is removed when the test file is done. Call it inside a test or a hook. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fedbaps-test-"));
  made.push(folder);
  return folder;
}

/** Call once at the top of a test file that makes temporary folders. */
export function removeTemporaryFolders(): void {
  afterAll(async () => {
    for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
  });
}
