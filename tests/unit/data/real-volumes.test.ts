import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkData } from "@fedbaps/core/data/check.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { DEFAULT_READING } from "@fedbaps/core/data/reading.js";
import { readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { encodeSegmentation } from "@fedbaps/core/dicom/write-segmentation.js";
import { expect, it } from "@jest/globals";
import { rectangle } from "../../support/data-folder.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const root = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const there = existsSync(join(root, "dicom")) && existsSync(join(root, "nifti"));
if (!there) console.warn("skipped: no folders ../shared/data/dicom and nifti beside the repository");
const test = there ? it : it.skip;

test("a folder of real DICOM images, each with a segmentation made for it", async () => {
  const folder = await temporaryFolder();
  const names = [
    "CT_small",
    "MR_small_RLE",
    "JPEG-LL",
    "US1_J2KR",
    "examples_ybr_color",
    "emri_small_jpeg_ls_lossless",
  ];
  for (const name of names) {
    const source = join(root, "dicom", `${name}.dcm`);
    await symlink(source, join(folder, name));
    const { frames } = await readDicomHeader(source);
    const marked = await Promise.all(
      (frames > 1 ? [1, 4] : [0]).map(async (frame) => {
        const { width, height } = await readDicomImage(source, frame);
        return { frame, mask: rectangle(20, width, height) };
      }),
    );
    const [first, ...more] = marked;
    const bytes = await encodeSegmentation({ source, ...first, more, label: "a", algorithm: "b", now: 0 });
    await writeFile(join(folder, `${name}.seg`), bytes);
  }
  const checked = await checkData(folder, { seed: 1 });
  expect([checked.error, checked.problems]).toEqual([undefined, []]);
  expect([checked.images, checked.formats]).toEqual([8, { images: { DICOM: 8 }, masks: { "DICOM-SEG": 8 } }]);
  // One of the files has no identifier of a patient: its study stands for one.
  expect(checked.patients).toBe(6);
});

test("a real volume with its label map: slices, one patient", async () => {
  const folder = await temporaryFolder();
  for (const part of ["train", "val", "test"]) {
    await mkdir(join(folder, part, "imagesTr"), { recursive: true });
    await mkdir(join(folder, part, "labelsTr"));
    await symlink(join(root, "nifti", "inia19-t1-brain.nii.gz"), join(folder, part, "imagesTr", "b_0000.nii.gz"));
    await symlink(join(root, "nifti", "inia19-NeuroMaps.nii.gz"), join(folder, part, "labelsTr", "b.nii.gz"));
  }
  const reading = { ...DEFAULT_READING, slices: { every: 40 } };
  const { train, val, test: measured } = await openDataset(folder, { seed: 1, reading });
  expect([train, val, measured].map((part) => part.length)).toEqual([3, 3, 3]);
  const checked = await checkData(folder, { seed: 1, reading, tolerance: 1 });
  expect(checked.problems.filter(({ code }) => code === "IMAGE_IN_TWO_SPLITS")).toHaveLength(6);
  expect(checked.sizes).toEqual([{ width: 168, height: 206, images: 9 }]);
});
