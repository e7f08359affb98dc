import { join } from "node:path";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { comparisonPanel } from "@fedbaps/core/image/panel.js";
import { writePng } from "@fedbaps/core/image/write.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";

/**
 * Writes `pictures/test-1.png` and so on into `out`: image, zero-shot and adapted answer with the truth, visual prompt.
 * They stay at the site. No query is spent: the answers are those that the report was made of.
 * @returns the files written.
 */
export async function writePictures(context: {
  readonly training: SiteTraining;
  readonly theta?: Float32Array;
  readonly out: string;
}): Promise<string[]> {
  const folder = join(context.out, "pictures");
  await makeFolder(folder);
  const files: string[] = [];
  const comparisons = await context.training.comparisons(context.theta);
  for (const [i, comparison] of comparisons.entries()) {
    const file = join(folder, `test-${i + 1}.png`);
    await writePng(file, comparisonPanel(comparison));
    files.push(file);
  }
  return files;
}
