import { readNiftiMask } from "@fedbaps/core/nifti/mask.js";
import { chooseSlices, labelledSlices, sliceCount } from "@fedbaps/core/nifti/slices.js";
import { openVolume } from "@fedbaps/core/nifti/volume.js";
import { describe, expect, it } from "@jest/globals";
import { storedAs } from "../../support/nifti.js";
import { niftiFile } from "../../support/nifti-file.js";
import { rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const row = async (values: number[], labels?: number[], type = "int16", fields = {}) => {
  const path = await niftiFile({ shape: [values.length, 1, 1], values, type, fields });
  const chosen = labels ? { labels } : {};
  const [picture] = rowsOf(await readNiftiMask({ kind: "nifti", path, plane: "axial", index: 0, ...chosen }));
  return [...picture].reverse().join("");
};

describe("readNiftiMask", () => {
  it("takes all labels but 0, or those that are named", async () => {
    expect(await row([0, 1, 2, 7, -1])).toBe(".####");
    expect(await row([0, 1, 2, 7, -1], [2, 7])).toBe("..##.");
    expect(await row([0, 1, 2, 7, -1], [0])).toBe("#....");
  });

  it("rounds labels that are whole within 0.001, also after scaling; what is not a number is outside", async () => {
    expect(await row([0, 0.9995, 2.0005, Number.NaN], [1, 2], "float32")).toBe(".##.");
    expect(await row([0, 1, 2], [2], "float32", { scl_slope: 0.9999, scl_inter: 0.0001 })).toBe("..#");
    expect(await row([0, 1, 2], [4], "int16", { scl_slope: 2, scl_inter: 0 })).toBe("..#");
  });

  it("takes labels of every type alike, signed or not", async () => {
    for (const type of ["int8", "int16", "int32", "int64", "float32", "float64"])
      expect([type, await row([0, 1, 2, 7, -1, -7], [2, -1], type)]).toEqual([type, "..#.#."]);
    for (const type of ["uint8", "uint16", "uint32", "uint64"])
      expect([type, await row([0, 1, 2, 200], [2, 200], type)]).toEqual([type, "..##"]);
    await expect(row([0, 1, 2], undefined, "uint8", { scl_slope: 0.5, scl_inter: 0 })).rejects.toThrow("the value 0.5");
    expect(await row([0, 2, 4], [1, 2], "uint8", { scl_slope: 0.5, scl_inter: 0 })).toBe(".##");
  });

  it("refuses probabilities, infinity and colour, and says what to do", async () => {
    await expect(row([0, 0.4], undefined, "float32")).rejects.toThrow(/holds the value 0.4.*whole numbers.*threshold/);
    await expect(row([0, Number.POSITIVE_INFINITY], undefined, "float32")).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
    });
    const path = await niftiFile({ shape: [1, 1, 1], values: [1, 2, 3], type: "rgb24" });
    const reading = readNiftiMask({ kind: "nifti", path, plane: "axial", index: 0 });
    await expect(reading).rejects.toThrow("a colour volume, where a label map is expected");
  });
});

describe("slices of a label map", () => {
  // Marked by superior: 0, 2, 3, 3, 1, 2 (two of label 5), 0.
  const marked = [0, 2, 3, 3, 1, 2, 0];
  const value = (r: number, a: number, s: number) => (a === 1 && r < marked[s] ? (s === 5 ? 5 : 1) : 0);
  const write = (against = [false, false, false], order = [0, 1, 2]) =>
    niftiFile(storedAs({ order, against }, [3, 2, 7], [1, 1, 1], value));

  it("are counted along each plane's axis, however the volume is stored", async () => {
    const cases: [number[], boolean[]][] = [
      [
        [0, 1, 2],
        [false, false, false],
      ],
      [
        [2, 0, 1],
        [true, false, true],
      ],
      [
        [1, 2, 0],
        [true, true, false],
      ],
    ];
    for (const [order, against] of cases) {
      const path = await write(against, order);
      const volume = await openVolume(path);
      expect((["sagittal", "coronal", "axial"] as const).map((plane) => sliceCount(volume, plane))).toEqual([3, 2, 7]);
      expect(await labelledSlices(path, "axial")).toEqual(
        [1, 2, 3, 4, 5].map((index) => ({ index, pixels: marked[index] })),
      );
      expect(await labelledSlices(path, "coronal")).toEqual([{ index: 1, pixels: 11 }]);
      expect(await labelledSlices(path, "sagittal")).toEqual([
        { index: 0, pixels: 5 },
        { index: 1, pixels: 4 },
        { index: 2, pixels: 2 },
      ]);
      expect(await labelledSlices(path, "axial", [5])).toEqual([{ index: 5, pixels: 2 }]);
    }
  });

  it("are chosen by a rule", async () => {
    const path = await write();
    expect(await chooseSlices(path, "axial", "all")).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await chooseSlices(path, "axial", "labelled")).toEqual([1, 2, 3, 4, 5]);
    expect(await chooseSlices(path, "axial", "largest")).toEqual([2]);
    expect(await chooseSlices(path, "axial", "largest", [5])).toEqual([5]);
    expect(await chooseSlices(path, "axial", { every: 2 })).toEqual([1, 3, 5]);
    for (const rule of ["labelled", "largest", { every: 1 }] as const)
      expect(await chooseSlices(path, "axial", rule, [99])).toEqual([]);
    await expect(chooseSlices(path, "axial", { every: 0 })).rejects.toThrow(RangeError);
  });
});
