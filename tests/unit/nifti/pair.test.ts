import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import { openVolume } from "@fedbaps/core/nifti/volume.js";
import { expect, it } from "@jest/globals";
import { niftiBytes } from "../../support/nifti.js";
import { rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const HEADER = { 1: 348, 2: 540 };

/** Writes a pair; the voxels begin `offset` bytes into the second file. */
async function writePair(stem: string, version: 1 | 2, voxels: readonly number[], img = ".img", offset = 0) {
  const magic = version === 1 ? "ni1\0" : "ni2\0\r\n\x1a\n";
  const fields = { magic, vox_offset: offset };
  const bytes = niftiBytes({ shape: [voxels.length, 1, 1], values: voxels, version, fields });
  const values = Buffer.concat([Buffer.alloc(offset), bytes.subarray(bytes.length - voxels.length * 2)]);
  await writeFile(`${stem}.hdr`, bytes.subarray(0, HEADER[version]));
  await writeFile(stem + img, img.endsWith(".gz") ? gzipSync(values) : values);
}

const voxelsOf = async (path: string) => Array.from((await openVolume(path)).voxels);

it("is read by the name of either half, of both versions, compressed or not", async () => {
  const stem = join(await temporaryFolder(), "v");
  for (const version of [1, 2] as const)
    for (const img of [".img", ".img.gz"]) {
      await writePair(stem, version, [3, -4, 5], img);
      expect(await voxelsOf(`${stem}.hdr`)).toEqual([3, -4, 5]);
      expect(await voxelsOf(`${stem}${img}`)).toEqual([3, -4, 5]);
      await rm(`${stem}${img}`);
    }
});

it("has its voxels where the header says", async () => {
  const stem = join(await temporaryFolder(), "v");
  await writePair(stem, 1, [1, 2], ".img", 16);
  expect(await voxelsOf(`${stem}.hdr`)).toEqual([1, 2]);
});

it("is read again when only the voxels have changed", async () => {
  const stem = join(await temporaryFolder(), "v");
  await writePair(stem, 1, [1, 2]);
  await voxelsOf(`${stem}.hdr`);
  await writeFile(`${stem}.img`, Buffer.from([9, 0, 8, 0, 0, 0]));
  expect(await voxelsOf(`${stem}.hdr`)).toEqual([9, 8]);
});

it("says which half is missing or cut short", async () => {
  const stem = join(await temporaryFolder(), "v");
  await writePair(stem, 1, [1, 2]);
  await writeFile(`${stem}.img`, Buffer.alloc(3));
  await expect(openVolume(`${stem}.hdr`)).rejects.toThrow(`${stem}.img: cut short`);
  await rm(`${stem}.img`);
  await expect(openVolume(`${stem}.hdr`)).rejects.toThrow(`other half is missing; put ${stem}.img beside it`);
  await rm(`${stem}.hdr`);
  await expect(openVolume(`${stem}.img`)).rejects.toThrow(`${stem}.hdr: no such file`);
});

it("is found in a data folder as one volume, its label map another pair", async () => {
  const folder = await temporaryFolder();
  for (const kind of ["images", "masks"]) await mkdir(join(folder, kind));
  for (const patient of ["a", "b", "c", "d", "e"]) {
    await writePair(join(folder, "images", patient), 1, [10, 20, 30]);
    await writePair(join(folder, "masks", patient), 2, [0, 1, 0], ".img.gz");
  }
  const { train, val, test } = await openDataset(folder, { seed: 1 });
  const samples = [...train, ...val, ...test];
  expect(samples.map(({ image }) => image.path.slice(-5)).sort()).toEqual([
    "a.hdr",
    "b.hdr",
    "c.hdr",
    "d.hdr",
    "e.hdr",
  ]);
  const { mask } = await loadSample(samples[0]);
  expect(rowsOf(mask)).toEqual([".#."]);
});
