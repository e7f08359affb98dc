import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { examine } from "@fedbaps/core/data/examine.js";
import { expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { tiffBytes } from "../../support/tiff.js";

removeTemporaryFolders();

it("a check of the data warns of a picture of several pages: only the first is used", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "masks"));
  const page = (first: number) => ({ width: 2, height: 1, bits: 8 as const, values: [first, 255] });
  const samples = [
    { id: 1, stem: "one", pages: [page(10)] },
    { id: 2, stem: "three", pages: [page(20), page(30), page(40)] },
  ].map(({ id, stem, pages }) => {
    const image = { kind: "picture", path: join(folder, `${stem}.tif`) } as const;
    const mask = { kind: "picture", path: join(folder, "masks", `${stem}.tif`) } as const;
    return { id, stem, image, mask, bytes: tiffBytes(...pages) };
  });
  for (const { image, mask, bytes } of samples) {
    await writeFile(image.path, bytes);
    await writeFile(mask.path, tiffBytes(page(0)));
  }
  const [plain, stack] = await examine(samples, {});
  expect(plain.problems).toEqual([]);
  expect(stack.problems).toEqual([
    {
      severity: "warning",
      code: "IMAGE_PAGES",
      file: join(folder, "three.tif"),
      sample: 2,
      message: "has 3 pages or frames, of which the first is used",
      remedy: "save the others as files of their own, with their masks, if they are wanted",
    },
  ]);
  expect(stack.figures?.inside).toBe(1);
});
