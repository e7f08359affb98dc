import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plane } from "@fedbaps/core/data/sources.js";
import { readNiftiImage } from "@fedbaps/core/nifti/image.js";
import { readNiftiMask } from "@fedbaps/core/nifti/mask.js";
import { chooseSlices, labelledSlices } from "@fedbaps/core/nifti/slices.js";
import { openVolume, volumesMatch } from "@fedbaps/core/nifti/volume.js";
import { greyRange } from "@fedbaps/core/nifti/window.js";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../../../shared/data/nifti", import.meta.url));

/**
 * Figures of nibabel 5.0.0 and numpy: `as_closest_canonical`, both axes of the view turned, all labels but 0. Of each plane:
 * the largest slice, its pixels inside, how many slices are labelled, and the hash of the slice (0 and 1, before the pixels
 * are made square).
 */
const FIGURES: readonly [string, Plane, number, number, number, string, [number, number]][] = [
  ["aal", "axial", 58, 16148, 146, "220637a5fb68", [181, 217]],
  ["aal", "coronal", 72, 13486, 180, "6b02cd1515e2", [181, 181]],
  ["aal", "sagittal", 81, 14105, 146, "be61d28482c1", [217, 181]],
  ["inia19-NeuroMaps", "axial", 71, 13227, 110, "1fef79c51433", [168, 206]],
  ["inia19-NeuroMaps", "coronal", 95, 8303, 153, "02d34a31cadb", [168, 128]],
  ["inia19-NeuroMaps", "sagittal", 79, 9514, 120, "38c77e44c5af", [206, 128]],
  ["torsoLabel", "axial", 75, 39129, 58, "af2e9ba741f4", [384, 320]],
];
const file = (name: string) => join(root, `${name}.nii.gz`);

describe("real volumes", () => {
  if (!existsSync(root)) {
    console.warn("skipped: no folder ../shared/data/nifti beside the repository, so no real volumes are read");
    it.skip("agree with nibabel: no ../shared/data/nifti beside the repository", () => {});
    return;
  }

  it.each(FIGURES)("%s, %s: as nibabel reads it", async (name, plane, index, inside, slices, hash, [width, height]) => {
    const path = file(name);
    const labelled = await labelledSlices(path, plane);
    expect([labelled.length, labelled.find((slice) => slice.index === index)?.pixels]).toEqual([slices, inside]);
    expect(await chooseSlices(path, plane, "largest")).toEqual([index]);
    const mask = await readNiftiMask({ kind: "nifti", path, plane, index });
    expect([mask.width, mask.height]).toEqual([width, height]);
    expect(createHash("sha256").update(mask.data).digest("hex").slice(0, 12)).toBe(hash);
  });

  it("torsoLabel: thick slices are stretched; single organs are found", async () => {
    const path = file("torsoLabel");
    // 89 slices of 5 mm are 569 pixels of 0.782 mm.
    const mask = await readNiftiMask({ kind: "nifti", path, plane: "coronal", index: 166 });
    expect([mask.width, mask.height]).toEqual([384, 569]);
    const counted = async (label: number) => {
      const slices = await labelledSlices(path, "axial", [label]);
      return [slices.length, slices.reduce((sum, { pixels }) => sum + pixels, 0)];
    };
    expect([await counted(6), await counted(11)]).toEqual([
      [31, 385168],
      [15, 116285],
    ]);
  });

  it("inia19: the brain's grey levels by the file's display range, and by percentiles; its labels lie on its grid", async () => {
    const brain = await openVolume(file("inia19-t1-brain"));
    expect(await greyRange(brain)).toEqual({ low: 35, high: 115 });
    expect(await greyRange(brain, "percentiles")).toEqual({ low: 27, high: 122 });
    const { data } = await readNiftiImage({ kind: "nifti", path: brain.path, plane: "axial", index: 64 });
    expect(data.reduce((sum, grey) => sum + grey, 0) / data.length).toBeCloseTo(65.665097, 4);
    expect(data[3 * (100 * 168 + 84)]).toBe(168.9375);
    expect(volumesMatch(brain, await openVolume(file("inia19-NeuroMaps")))).toBeUndefined();
    expect(volumesMatch(brain, await openVolume(file("aal")))).toBe(
      "168 x 206 x 128 voxels (right, anterior, superior) and 181 x 217 x 181",
    );
  });
});
