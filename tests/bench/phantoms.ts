import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataset, type Sample } from "@fedbaps/core/data/dataset.js";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";

/** One site's phantoms in a temporary folder, and how to take that away. */
export async function readPhantoms(options: {
  images: number;
  seed: number;
}): Promise<{ train: readonly Sample[]; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "fedbaps-bench-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await writePhantomSite(folder, { site: 0, ...options });
    const { train } = await openDataset(folder, { seed: options.seed });
    return { train, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
