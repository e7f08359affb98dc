import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readSegmentation, readSegmentationMask } from "@fedbaps/core/dicom/segmentation.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { describe, expect, it } from "@jest/globals";
import { run } from "../../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../../../../shared/data", import.meta.url));

removeTemporaryFolders();

const answer = async (...argv: string[]) => {
  const out = await temporaryFolder();
  const { status, out: text, err } = await run("predict", ...argv, "--out", out, "--json");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  const [prediction] = JSON.parse(text).predictions;
  return { out, prediction };
};

if (!existsSync(join(root, "dicom"))) {
  console.warn("skipped: no folder ../shared/data beside the repository, so nothing real is segmented");
  it.skip("segments real DICOM and NIfTI files: no ../shared/data beside the repository", () => {});
} else
  describe("predict on real files", () => {
    it.each([
      ["CT_small.dcm", ["--point", "64,60"], 1],
      ["JPEG-LL.dcm", ["--point", "120,500"], 1],
      ["examples_ybr_color.dcm", ["--point", "160,120", "--frame", "7"], 7],
    ])("%s: the DICOM segmentation refers to the picture and holds the mask", async (file, flags, frame) => {
      const path = join(root, "dicom", file);
      const { out, prediction } = await answer(path, ...flags, "--segment", "Lesion");
      const { instance } = await readDicomHeader(path);
      const written = join(out, prediction.segmentation);
      const { covers, segments } = await readSegmentation(written);
      expect(covers).toEqual([{ instance, frame: frame - 1 }]);
      expect(segments).toEqual([expect.objectContaining({ number: 1, label: "Lesion" })]);
      const kept = await readSegmentationMask({ kind: "dicom-seg", path: written, instance, frame: frame - 1 });
      const mask = await readMask(join(out, prediction.mask));
      expect(prediction.insidePixels).toBeGreaterThan(0);
      expect([kept.width, kept.height, Buffer.from(kept.data).equals(mask.data)]).toEqual([
        prediction.width,
        prediction.height,
        true,
      ]);
    });

    it("a slice of a volume, counted from 1, and which are there", async () => {
      const path = join(root, "nifti", "inia19-t1-brain.nii.gz");
      const { prediction } = await answer(path, "--point", "80,100", "--slice", "64", "--plane", "coronal");
      expect(prediction).toMatchObject({
        place: "coronal slice 64",
        mask: "inia19-t1-brain-coronal-slice-64-mask.png",
      });
      const none = await run("predict", path, "--point", "80,100");
      expect(none).toMatchObject({ status: 2, err: expect.stringContaining("--slice 1 to 128") });
    });
  });
