import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { checkData } from "@fedbaps/core/data/check.js";
import { type Dataset, openDataset } from "@fedbaps/core/data/dataset.js";
import { DEFAULT_READING, readingRules } from "@fedbaps/core/data/reading.js";
import { sampleText } from "@fedbaps/core/data/samples.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { thrownBy } from "../../support/codes.js";
import { stemsOf, writeMask, writePairs, writePicture, writeTexts } from "../../support/data-folder.js";
import { niftiBytes } from "../../support/nifti.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
});

const all = ({ train, val, test }: Dataset) => [...train, ...val, ...test].sort((a, b) => a.id - b.id);
const open = (rules = {}) => openDataset(folder, { seed: 1, reading: readingRules(rules, DEFAULT_READING) });
/** Pairs as "picture + mask". */
const pairs = async (rules = {}) =>
  all(await open(rules)).map(({ image, mask }) => `${relative(folder, image.path)} + ${relative(folder, mask.path)}`);

describe("pictures and masks in folders", () => {
  it("may lie in folders within images/ and masks/, where names may repeat", async () => {
    await writePairs(folder, ["a/1", "a/2", "b/1", "b/2/3", "4"]);
    expect(all(await open()).map(({ id, stem }) => `${id} ${stem}`)).toEqual([
      "1 4",
      "2 a/1",
      "3 a/2",
      "4 b/1",
      "5 b/2/3",
    ]);
  });

  it("go together however their names write letters with accents", async () => {
    for (const [i, stem] of stemsOf(5, "Müller").entries()) {
      await writePicture(join(folder, "images", `${stem.normalize("NFD")}.png`), i);
      await writeMask(join(folder, "masks", `${stem.normalize("NFC")}.png`));
    }
    expect(all(await open())).toHaveLength(5);
  });

  it("may lie beside pipes, which are not waited for", async () => {
    await writePairs(folder, stemsOf(5));
    for (const name of ["pipe", "pipe.png", "pipe.dcm"])
      await promisify(execFile)("mkfifo", [join(folder, "images", name)]);
    expect(all(await open())).toHaveLength(5);
  });

  it("go together by the usual endings of masks, in any case; the same name counts more", async () => {
    const masks = ["p000_mask", "p001_Segmentation", "p002_SEG", "p003", "p004-mask", "p003_mask"];
    for (const [i, stem] of stemsOf(5).entries()) await writePicture(join(folder, "images", `${stem}.png`), i);
    for (const stem of masks) await writeMask(join(folder, "masks", `${stem}.png`));
    expect(await pairs()).toEqual([0, 1, 2, 3, 4].map((i) => `images/p00${i}.png + masks/${masks[i]}.png`));
  });

  it("may be in train, valid and testing, as others call them, and in folders called Images and Labels", async () => {
    for (const [i, part] of ["Training", "valid", "TEST"].entries()) {
      await writePairs(join(folder, part), [`x${i}`], i);
      await rename(join(folder, part, "images"), join(folder, part, "Images"));
      await rename(join(folder, part, "masks"), join(folder, part, "Labels"));
    }
    const { train, val, test } = await open();
    expect([train, val, test].map(([{ stem }]) => stem)).toEqual(["x0", "x1", "x2"]);
  });

  it("may lie side by side, where masks have an ending", async () => {
    for (const [i, stem] of stemsOf(5).entries()) {
      await writePicture(join(folder, "case", `${stem}.jpg`), i);
      await writeMask(join(folder, "case", `${stem}_segmentation.png`));
    }
    expect(await pairs()).toEqual(stemsOf(5).map((stem) => `case/${stem}.jpg + case/${stem}_segmentation.png`));
  });

  it("are not guessed in a folder that was never meant: one line says what is expected", async () => {
    await writeTexts(folder, { "site-a/images/a.png": "", "site-a/photo.jpg": "", "notes.txt": "" });
    const error = (await thrownBy(() => open())) as Error;
    expect(error).toMatchObject({ code: "DATASET_EMPTY" });
    expect(error.message).toContain("put pictures into images/");
  });
});

it("without a folder of masks, pictures are not told to be without: the folder is", async () => {
  await writePairs(folder, stemsOf(6));
  await rename(join(folder, "masks"), join(folder, "elsewhere"));
  const { problems } = await checkData(folder, { seed: 1 });
  expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([`DATASET_EMPTY ${join(folder, "masks")}`]);
});

describe("a manifest in the folder", () => {
  const lines = (...rows: string[]) => writeTexts(folder, { "manifest.csv": rows.join("\n") });

  it("counts in any case of its letters: what it says of patients must not be lost", async () => {
    await writePairs(folder, stemsOf(6));
    const rows = stemsOf(6).map((stem, i) => `.\\images\\${stem}.png,p${i % 3}`);
    await writeTexts(folder, { "Manifest.CSV": ["image,patient", ...rows].join("\n") });
    expect(new Set(all(await open()).map(({ patient }) => patient)).size).toBe(3);
  });

  it("counts instead of folders: what it does not list is not used, the order of its lines does not matter", async () => {
    await writePairs(folder, stemsOf(8));
    const rows = stemsOf(6).map((stem) => `images/${stem}.png,masks/${stem}.png`);
    await lines("image,mask", ...rows);
    const first = await open();
    await lines("image,mask", ...rows.reverse());
    expect(all(first)).toHaveLength(6);
    expect(await open()).toEqual(first);
  });

  it("finds masks that it does not name, by their stems", async () => {
    await writePairs(folder, stemsOf(5));
    await lines("image", ...stemsOf(5).map((stem) => `images/${stem}.png`));
    expect(await pairs()).toEqual(stemsOf(5).map((stem) => `images/${stem}.png + masks/${stem}.png`));
  });

  it("gives parts, and they have to be complete", async () => {
    await writePairs(folder, stemsOf(4));
    const rows = ["train", "train", "val", "test"].map((part, i) => `images/p00${i}.png,masks/p00${i}.png,${part}`);
    await lines("image,mask,split", ...rows);
    const { train, val, test } = await open();
    expect([train, val, test].map((part) => part.map(({ stem }) => stem))).toEqual([
      ["images/p000", "images/p001"],
      ["images/p002"],
      ["images/p003"],
    ]);
    await lines("image,mask,split", ...rows.slice(0, 3));
    expect(await thrownBy(() => open())).toMatchObject({ code: "DATASET_PART_EMPTY" });
  });

  it("is refused with every bad line in one error", async () => {
    await writePairs(folder, stemsOf(5));
    await lines("image,mask,split", "images/p000.png,masks/p000.png,nowhere", ",,train", "images/p001.png,,train");
    const error = (await thrownBy(() => open())) as Error;
    expect(error).toMatchObject({ code: "MANIFEST_INVALID" });
    expect(error.message).toMatch(/line 2 .*line 3 /);
    expect(error.message).not.toContain("\n");
  });

  it("that names a file that is not there has a bad case, not a bad line", async () => {
    await writePairs(folder, stemsOf(6));
    await lines(
      "image,mask",
      ...stemsOf(6).map((stem) => `images/${stem}.png,masks/${stem}.png`),
      "images/gone.png,masks/p000.png",
    );
    const dataset = await openDataset(folder, { seed: 1, tolerance: 0.2 });
    expect(all(dataset)).toHaveLength(6);
    expect(dataset.leftOut).toMatchObject([{ code: "IMAGE_UNREADABLE", file: join(folder, "images/gone.png") }]);
    expect(dataset.leftOut?.[0].message).toContain("line 8");
  });
});

/** A label map of 6 x 5 voxels a slice; slice s has `marked[s]` voxels with label `label`. */
function labels(marked: readonly number[], label = 1): Buffer {
  const values = new Array<number>(30 * marked.length).fill(0);
  for (const [s, count] of marked.entries()) values.fill(label, 30 * s + 3, 30 * s + 3 + count);
  return niftiBytes({ shape: [6, 5, marked.length], values, type: "uint8" });
}

function volume(slices: number, seed: number): Buffer {
  const values = Array.from({ length: 30 * slices }, (_, i) => (i * 37 + seed * 101) % 200);
  return niftiBytes({ shape: [6, 5, slices], values });
}

describe("volumes", () => {
  const marked = [0, 2, 3, 0, 9, 1, 1, 1, 0];
  const write = async (names: (i: number) => [string, string], count = 3) => {
    for (let i = 0; i < count; i++) {
      const [image, mask] = names(i);
      await writeTexts(folder, { [image]: volume(marked.length, i), [mask]: labels(marked) });
    }
  };
  const slices = async (rules: object) =>
    all(await open(rules)).flatMap(({ stem, image }) =>
      stem.startsWith("v0") && image.kind === "nifti" ? [image.index] : [],
    );

  it.each([
    ["in images/ and masks/", (i: number) => [`images/v${i}.nii`, `masks/v${i}.nii`]],
    ["as nnU-Net has them", (i: number) => [`imagesTr/v${i}_0000.nii`, `labelsTr/v${i}.nii`]],
    ["side by side", (i: number) => [`v${i}.nii`, `v${i}_seg.nii`]],
    ["in a folder for each", (i: number) => [`s${i}/v${i}.nii`, `s${i}/labels/v${i}.nii`]],
  ] as [string, (i: number) => [string, string]][])("%s become slices where something is marked", async (_, names) => {
    await write(names);
    const samples = all(await open({ slices: "labelled" }));
    expect(samples).toHaveLength(18);
    expect(samples[0].stem).toMatch(/v0_axial-001$/);
    expect(samples[0].mask).toMatchObject({ kind: "nifti", plane: "axial", index: 1 });
  });

  it("are chosen by the rule", async () => {
    await write((i) => [`images/v${i}.nii`, `masks/v${i}.nii`]);
    expect(await slices({ slices: "labelled" })).toEqual([1, 2, 4, 5, 6, 7]);
    expect(await slices({ slices: { every: 3 } })).toEqual([1, 5]);
    expect(await thrownBy(() => open({ slices: "largest" }))).toMatchObject({ code: "DATASET_TOO_SMALL" });
    expect((await slices({ plane: "coronal", slices: "labelled" })).length).toBeGreaterThan(0);
  });

  it("of one patient stay together: each volume's slices are in one part", async () => {
    await write((i) => [`images/v${i}.nii`, `masks/v${i}.nii`], 6);
    const { train, val, test } = await open({ slices: "labelled" });
    const volumes = [train, val, test].map((part) => new Set(part.map(({ image }) => image.path)));
    expect(volumes.map(({ size }) => size)).toEqual([4, 1, 1]);
    expect(new Set(volumes.flatMap((paths) => [...paths])).size).toBe(6);
  });

  it("use the first of nnU-Net's channels only", async () => {
    await write((i) => [`imagesTr/v${i}_0000.nii`, `labelsTr/v${i}.nii`]);
    await write((i) => [`imagesTr/v${i}_0001.nii`, `labelsTr/v${i}.nii`]);
    expect(new Set(all(await open()).map(({ image }) => image.path)).size).toBe(3);
  });

  it("read by another rule are other samples, wherever they lie; plain pictures are their stems", async () => {
    await write((i) => [`images/v${i}.nii`, `masks/v${i}.nii`]);
    const texts = async (rules = {}) => all(await open({ slices: "labelled", ...rules })).map(sampleText);
    const first = await texts();
    expect(first.join()).not.toContain(folder);
    expect(await texts({ window: "percentiles" })).not.toEqual(first);
    expect(await texts({ labels: [1] })).not.toEqual(first);
    const moved = `${folder}-moved`;
    await rename(folder, moved);
    folder = moved;
    expect(await texts()).toEqual(first);
    await rm(folder, { recursive: true });
    await writePairs(folder, stemsOf(5));
    expect(await texts()).toEqual(stemsOf(5));
  });

  it("with labels of which none is wanted are told, with the remedy", async () => {
    await write((i) => [`images/v${i}.nii`, `masks/v${i}.nii`]);
    const error = (await thrownBy(() => open({ labels: [4, 7] }))) as Error;
    expect(error.message).toContain("no voxel has the label 4 or 7");
    expect(error.message).toContain("3 of 3 cases");
  });

  it("do not take a picture for a label map", async () => {
    await mkdir(join(folder, "images"));
    await write((i) => [`images/v${i}.nii`, `masks/v${i}.nii`], 5);
    await writeTexts(folder, { "images/w.nii": volume(9, 1) });
    await writeMask(join(folder, "masks", "w.png"));
    const { leftOut } = await openDataset(folder, { seed: 1, tolerance: 0.1 });
    expect(leftOut).toMatchObject([{ code: "MASK_KIND", file: join(folder, "masks/w.png") }]);
  });
});
