import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Dataset, DatasetError, loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import { writeMaskPng, writePng } from "@fedbaps/core/image/write.js";
import { describe, expect, it } from "@jest/globals";
import { maskOf } from "../../support/pictures.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

/** A folder with empty files of these names: `openDataset` reads names only. */
async function folderOf(images: readonly string[], masks: readonly string[], below = ""): Promise<string> {
  const root = await temporaryFolder();
  await fill(join(root, below), images, masks);
  return root;
}

async function fill(folder: string, images: readonly string[], masks: readonly string[]): Promise<void> {
  for (const [name, files] of [
    ["images", images],
    ["masks", masks],
  ] as const) {
    await mkdir(join(folder, name), { recursive: true });
    for (const file of files) await writeFile(join(folder, name, file), "");
  }
}

const names = (count: number, extension: string) => Array.from({ length: count }, (_, i) => `p${i}${extension}`);
const all = (dataset: Dataset) => [...dataset.train, ...dataset.val, ...dataset.test];

async function fails(opening: Promise<unknown>): Promise<DatasetError> {
  const error = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatasetError);
  expect((error as DatasetError).message).not.toContain("\n");
  return error as DatasetError;
}

describe("openDataset", () => {
  it("pairs by stem, whatever the extension and its case, and ignores litter and masks without a picture", async () => {
    const images = ["b.JPG", "a.jpeg", "c.png", "d.PNG", "e.tif", "._a.jpeg", "Thumbs.db", ".DS_Store"];
    const folder = await folderOf(images, ["a.png", "b.PNG", "c.jpg", "d.png", "e.png", "gone.png"]);
    const samples = all(await openDataset(folder, { seed: 1 })).sort((p, q) => p.id - q.id);
    expect(samples.map(({ id, stem }) => `${id}${stem}`)).toEqual(["1a", "2b", "3c", "4d", "5e"]);
    expect(basename(samples[1].image.path)).toBe("b.JPG");
    expect(basename(samples[1].mask.path)).toBe("b.PNG");
  });

  it("splits 60/20/20 without overlap, the same for the same stems and seed, wherever the folder lies", async () => {
    const one = await openDataset(await folderOf(names(20, ".png"), names(20, ".png")), { seed: 7 });
    expect([one.train.length, one.val.length, one.test.length]).toEqual([12, 4, 4]);
    expect(new Set(all(one).map((sample) => sample.stem)).size).toBe(20);
    const elsewhere = await folderOf(names(20, ".jpg").reverse(), names(20, ".png"));
    const two = await openDataset(elsewhere, { seed: 7 });
    const stems = (dataset: Dataset) =>
      [dataset.train, dataset.val, dataset.test].map((part) => part.map((s) => s.stem));
    expect(stems(two)).toEqual(stems(one));
    expect(stems(await openDataset(elsewhere, { seed: 8 }))).not.toEqual(stems(one));
  });

  it("takes other fractions", async () => {
    const folder = await folderOf(names(10, ".png"), names(10, ".png"));
    const { train, val, test } = await openDataset(folder, { seed: 1, fractions: { train: 0.2, val: 0.3, test: 0.5 } });
    expect([train.length, val.length, test.length]).toEqual([2, 3, 5]);
  });

  it("keeps a split that the folder brings, and numbers every sample once", async () => {
    const folder = await folderOf(["a.png", "b.png"], ["a.png", "b.png"], "train");
    await fill(join(folder, "val"), ["a.png"], ["a.png"]);
    await fill(join(folder, "test"), ["c.png"], ["c.png"]);
    const dataset = await openDataset(folder, { seed: 1 });
    expect(dataset.train.map((s) => s.stem)).toEqual(["a", "b"]);
    expect(all(dataset).map((s) => s.id)).toEqual([1, 2, 3, 4]);
    expect(dataset.val[0].image.path).toBe(join(folder, "val", "images", "a.png"));
    await rm(join(folder, "val"), { recursive: true });
    const error = await fails(openDataset(folder, { seed: 1 }));
    expect([error.code, error.message.includes("no folder val;")]).toEqual(["DATASET_EMPTY", true]);
  });

  it("says which pictures have no mask: the first few and how many", async () => {
    const folder = await folderOf(names(9, ".png"), ["p0.png"]);
    const error = await fails(openDataset(folder, { seed: 1 }));
    expect(error.code).toBe("DATASET_UNPAIRED");
    expect(error.message).toContain("8 of 9 pictures");
    expect(error.message).toContain("p1, p2, p3, p4, p5 and 3 more");
  });

  it("refuses two files of one stem instead of choosing one", async () => {
    const folder = await folderOf([...names(6, ".png"), "p2.jpg"], names(6, ".png"));
    expect((await fails(openDataset(folder, { seed: 1 }))).code).toBe("DATASET_DUPLICATE");
  });

  it("refuses fewer than five pairs and takes five", async () => {
    const four = await fails(openDataset(await folderOf(names(4, ".png"), names(4, ".png")), { seed: 1 }));
    expect(four.code).toBe("DATASET_TOO_SMALL");
    expect(four.message).toMatch(/4 pairs.*at least 5/);
    const five = await openDataset(await folderOf(names(5, ".png"), names(5, ".png")), { seed: 1 });
    expect([five.train.length, five.val.length, five.test.length]).toEqual([3, 1, 1]);
  });

  it("tells a missing folder from one without pictures", async () => {
    const root = await temporaryFolder();
    expect((await fails(openDataset(join(root, "absent"), { seed: 1 }))).code).toBe("DATASET_MISSING");
    expect((await fails(openDataset(root, { seed: 1 }))).code).toBe("DATASET_EMPTY");
    expect((await fails(openDataset(await folderOf(["a.dcm"], ["a.png"]), { seed: 1 }))).code).toBe("DATASET_EMPTY");
    await mkdir(join(root, "images"));
    await writeFile(join(root, "images", "a.png"), "");
    const noMasks = await fails(openDataset(root, { seed: 1 }));
    expect([noMasks.code, noMasks.message.startsWith(join(root, "masks"))]).toEqual(["DATASET_EMPTY", true]);
  });
});

describe("loadSample", () => {
  const load = async (...rows: string[]) => {
    const folder = await temporaryFolder();
    const [image, mask] = ["a.png", "m.png"].map((name) => ({ kind: "picture" as const, path: join(folder, name) }));
    const sample = { id: 1, stem: "a", image, mask };
    const data = new Float32Array(3 * 2).fill(100);
    await writePng(image.path, { data, width: 3, height: 2, channels: 1 });
    await writeMaskPng(mask.path, maskOf(...rows));
    return loadSample(sample);
  };

  it("reads a picture and its mask", async () => {
    const { image, mask } = await load("#..", "..#");
    expect([image.width, image.height, image.channels]).toEqual([3, 2, 3]);
    expect(Array.from(mask.data)).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it.each([
    ["MASK_SIZE", ["##", "#.", ".."]],
    ["MASK_EMPTY", ["...", "..."]],
    ["MASK_FULL", ["###", "###"]],
  ])("refuses a mask that cannot be right: %s", async (code, rows) => {
    const error = await fails(load(...rows));
    expect(error.code).toBe(code);
    expect(error.message).toContain("m.png: ");
  });
});
