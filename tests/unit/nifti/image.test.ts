import type { WindowRule } from "@fedbaps/core/data/sources.js";
import { ImageError } from "@fedbaps/core/image/errors.js";
import { readNiftiImage } from "@fedbaps/core/nifti/image.js";
import { readNiftiMask } from "@fedbaps/core/nifti/mask.js";
import { openVolume } from "@fedbaps/core/nifti/volume.js";
import { describe, expect, it } from "@jest/globals";
import type { NiftiContent } from "../../support/nifti.js";
import { greyRows, niftiFile } from "../../support/nifti-file.js";
import { rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const axial = (path: string, index = 0, window?: WindowRule) =>
  readNiftiImage({ kind: "nifti", path, plane: "axial", index, ...(window ? { window } : {}) });
/** A row of voxels, from the patient's left to right; its picture, from right to left, turned back. */
const row = async (content: Omit<NiftiContent, "shape">, window?: WindowRule, name?: string) => {
  const path = await niftiFile({ ...content, shape: [content.values.length, 1, 1] }, name);
  return greyRows(await axial(path, 0, window), 3)[0].reverse();
};
const hundred = { center: 50, width: 100 };

describe("voxel types", () => {
  const signed = ["int8", "int16", "int32", "int64", "float32", "float64"];
  const unsigned = ["uint8", "uint16", "uint32", "uint64"];

  it("are read alike, in both versions and byte orders, compressed or not", async () => {
    for (const type of [...signed, ...unsigned])
      for (const version of [1, 2] as const)
        for (const bigEndian of [false, true])
          for (const name of ["v.nii", "v.nii.gz"]) {
            const values = unsigned.includes(type) ? [0, 20, 100] : [-7, 20, 100];
            expect(await row({ values, type, version, bigEndian }, hundred, name)).toEqual([0, 51, 255]);
          }
  });

  it("are scaled by slope and intercept; a slope of 0, or none, scales nothing", async () => {
    const values = [0, 10, 20];
    const scaled = (scl_slope: number, scl_inter: number) => row({ values, fields: { scl_slope, scl_inter } }, hundred);
    expect(await scaled(2, 60)).toEqual([153, 204, 255]);
    expect(await scaled(0, 60)).toEqual([0, 25.5, 51]);
    expect(await scaled(Number.NaN, Number.NaN)).toEqual([0, 25.5, 51]);
  });

  it("of colour stay as they are", async () => {
    const rgb = await niftiFile({ shape: [2, 1, 1], values: [1, 2, 3, 200, 100, 50], type: "rgb24" });
    expect(Array.from((await axial(rgb)).data)).toEqual([200, 100, 50, 1, 2, 3]);
    const rgba = await niftiFile({ shape: [2, 1, 1], values: [1, 2, 3, 9, 200, 100, 50, 9], type: "rgba32" });
    expect(Array.from((await axial(rgba)).data)).toEqual([200, 100, 50, 1, 2, 3]);
  });

  it("are known by their content: a compressed file may be called .nii, and the other way round", async () => {
    const { readFile, writeFile } = await import("node:fs/promises");
    const compressed = await niftiFile({ shape: [1, 1, 1], values: [1] }, "v.nii.gz");
    const plain = await niftiFile({ shape: [1, 1, 1], values: [1] });
    await writeFile(`${compressed}.nii`, await readFile(compressed));
    await writeFile(`${plain}.nii.gz`, await readFile(plain));
    for (const path of [`${compressed}.nii`, `${plain}.nii.gz`])
      expect((await openVolume(path)).shape).toEqual([1, 1, 1]);
  });
});

describe("grey values", () => {
  it("follow the file's display range, and lie within 0..255", async () => {
    const values = [-50, 0, 30, 100, 400];
    expect(await row({ values, fields: { cal_min: 0, cal_max: 100 } })).toEqual([0, 0, 76.5, 255, 255]);
    expect(await row({ values, fields: { cal_min: 0, cal_max: 100 } }, "percentiles")).toEqual(
      [0, 50, 80, 150, 450].map((above) => Number(((above * 255) / 450).toFixed(3))),
    );
  });

  it("follow the percentiles of the whole volume, not of the slice", async () => {
    // Slice 0 holds 1..500, slice 1 holds 501..1000: the 0.5th and the 99.5th percentile are 5 and 995.
    const values = Array.from({ length: 1000 }, (_, i) => i + 1);
    for (const type of ["int16", "float32", "int32"]) {
      const path = await niftiFile({ shape: [500, 1, 2], values, type });
      const dark = (await axial(path, 0)).data;
      const bright = (await axial(path, 1)).data;
      expect([dark.at(-1), dark[0], bright[0]]).toEqual([0, Math.fround((495 * 255) / 990), 255]);
    }
  });

  it("do not count zeros as soon as they are more than half, nor what is not a number", async () => {
    const values = [...Array<number>(600).fill(0), ...Array.from({ length: 400 }, (_, i) => 1001 + i)];
    // Of 1001..1400 the second and the 398th.
    const path = await niftiFile({ shape: [1000, 1, 1], values, type: "float32" });
    const data = greyRows(await axial(path), 4)[0].reverse();
    expect([data[0], data[601], data[602], data[997]]).toEqual([0, 0, Number((255 / 396).toFixed(4)), 255]);
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 10, 20, 30];
    expect(await row({ values: odd, type: "float32" })).toEqual([0, 255, 0, 0, 127.5, 255]);
  });

  it("of a volume of one value are black", async () => {
    expect(await row({ values: [7, 7] })).toEqual([0, 0]);
    expect(await row({ values: [0, 0] })).toEqual([0, 0]);
  });

  it("refuse a window without width", async () => {
    await expect(row({ values: [1] }, { center: 1, width: 0 })).rejects.toThrow(RangeError);
  });
});

describe("pixels", () => {
  const thick = (sz: number) => [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, sz, 0],
  ];

  it("become square: linear in the image, nearest in the mask, of one size", async () => {
    const content = { shape: [2, 1, 3], values: [0, 0, 50, 50, 100, 100], type: "uint8", affine: thick(2) };
    const path = await niftiFile(content);
    const view = { kind: "nifti", path, plane: "coronal", index: 0 } as const;
    const image = await readNiftiImage({ ...view, window: { center: 50, width: 100 } });
    expect(greyRows(image, 2).map((greys) => greys[0])).toEqual([255, 223.13, 159.38, 95.63, 31.88, 0]);
    expect(rowsOf(await readNiftiMask(view))).toEqual(["##", "##", "##", "##", "..", ".."]);
  });

  it("have one size in an image and a mask whose spacing was rounded otherwise, at half a pixel", async () => {
    // 3 slices of 2.5 voxels are 7.5 pixels.
    for (const spacing of [2.5, 2.4999998, 2.5000002]) {
      const path = await niftiFile({ shape: [1, 1, 3], values: [1, 2, 3], affine: thick(spacing) });
      expect((await readNiftiMask({ kind: "nifti", path, plane: "coronal", index: 0 })).height).toBe(8);
    }
  });

  it("that are square within 1 % stay", async () => {
    const path = await niftiFile({ shape: [2, 1, 200], values: new Uint8Array(400), affine: thick(1.009) });
    expect((await readNiftiImage({ kind: "nifti", path, plane: "coronal", index: 0 })).height).toBe(200);
  });

  it("too far from square to be made so are refused", async () => {
    const path = await niftiFile({ shape: [2, 1, 2], values: new Uint8Array(4), affine: thick(1e9) });
    const reading = readNiftiImage({ kind: "nifti", path, plane: "coronal", index: 0 });
    await expect(reading).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  });
});

it("says which slices there are when one is asked for that is not", async () => {
  const path = await niftiFile({ shape: [2, 3, 4], values: new Uint8Array(24) });
  for (const index of [-1, 4, 1.5]) await expect(axial(path, index)).rejects.toThrow(ImageError);
  await expect(axial(path, 4)).rejects.toThrow(`${path}: no axial slice 4; its 4 axial slices are 0 to 3`);
});
