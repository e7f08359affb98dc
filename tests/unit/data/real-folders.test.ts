import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import { describe, expect, it } from "@jest/globals";

// Real pictures do not belong into the repository; where they lie beside it, they are read.
const root = fileURLToPath(new URL("../../../../shared/data", import.meta.url));

function centres(): string[] {
  if (!existsSync(root)) return [];
  const modalities = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return modalities
    .flatMap(({ name }) => readdirSync(join(root, name)).map((centre) => join(name, centre)))
    .filter((centre) => existsSync(join(root, centre, "images")));
}

const found = centres();

describe("real folders", () => {
  if (found.length === 0) {
    console.warn("skipped: no folder ../shared/data beside the repository, so no real pictures are read");
    it.skip("reads every centre: no ../shared/data beside the repository", () => {});
    return;
  }

  it.each(found)("reads %s", async (centre) => {
    const dataset = await openDataset(join(root, centre), { seed: 1 });
    expect(Math.min(dataset.train.length, dataset.val.length, dataset.test.length)).toBeGreaterThan(0);
    for (const sample of [dataset.train[0], dataset.val[0], dataset.test[0]]) {
      const { image, mask } = await loadSample(sample);
      expect([image.width, image.height]).toEqual([mask.width, mask.height]);
      expect(new Set(mask.data)).toEqual(new Set([0, 1]));
    }
  });
});
