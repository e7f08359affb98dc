import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { describe, expect, it } from "@jest/globals";
import type { TestElements } from "../../support/dicom.js";
import { exactWindow, nativeFile } from "../../support/dicom-image.js";
import { greyRows } from "../../support/nifti-file.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const SIGNED: TestElements = { "00280103": ["US", [1]] };

async function shown(values: readonly number[], more: TestElements, ...window: [never?] | [object | string]) {
  const path = await nativeFile(values.length, 1, values, more);
  return greyRows(await readDicomImage(path, 0, window[0] as never), 2)[0];
}

const voi = (center: string, width: string, name?: string): TestElements => ({
  "00281050": ["DS", center],
  "00281051": ["DS", width],
  ...(name ? { "00281056": ["CS", name] } : {}),
});

describe("windows of the file (PS3.3 C.11.2)", () => {
  it("LINEAR: the example of the standard, and half values between", async () => {
    // c = 2048, w = 4096: 0 is black, 4095 is white.
    expect(await shown([0, 4095, 2047], voi("2048", "4096"))).toEqual([0, 255, 127.47]);
    // c = 2048, w = 1: a threshold.
    expect(await shown([2047, 2048], voi("2048", "1"))).toEqual([0, 255]);
    // c = 0, w = 100: from -50 to 49.
    expect(await shown([-51, -50, 49, 50], { ...SIGNED, ...voi("0", "100", "LINEAR") })).toEqual([0, 0, 255, 255]);
  });

  it("LINEAR_EXACT: from c - w / 2 to c + w / 2", async () => {
    expect(await shown([0, 50, 100], voi("50", "100", "LINEAR_EXACT"))).toEqual([0, 127.5, 255]);
  });

  it("SIGMOID", async () => {
    const at = (x: number) => Number((255 / (1 + Math.exp((-4 * (x - 100)) / 50))).toFixed(2));
    expect(await shown([75, 100, 150], voi("100", "50", "SIGMOID"))).toEqual([at(75), 127.5, at(150)]);
  });

  it("the first of several; a width that is forbidden is none", async () => {
    expect(await shown([0, 50, 100], voi("50\\0", "100\\7", "LINEAR_EXACT"))).toEqual([0, 127.5, 255]);
    expect(await shown([0, 50, 100], voi("50", "0"))).toEqual([0, 127.5, 255]);
  });

  it("a VOI LUT where there is no window", async () => {
    const table: TestElements = {
      "00283010": ["SQ", [{ "00283002": ["US", [3, 10, 8]], "00283006": ["US", [0, 255, 51]] }]],
    };
    expect(await shown([0, 10, 11, 12, 99], table)).toEqual([0, 0, 255, 51, 51]);
    expect(await shown([0, 10], { ...table, ...exactWindow(0, 20) })).toEqual([0, 127.5]);
  });

  it("MONOCHROME1 is inverted after the window", async () => {
    const inverted: TestElements = { "00280004": ["CS", "MONOCHROME1"], ...exactWindow(0, 100) };
    expect(await shown([0, 20, 100], inverted)).toEqual([255, 204, 0]);
  });
});

describe("units of the modality (PS3.3 C.11.1)", () => {
  it("rescale slope and intercept come before the window", async () => {
    const ct: TestElements = { "00281052": ["DS", "-1024"], "00281053": ["DS", "2"], ...exactWindow(-100, 100) };
    expect(await shown([462, 512, 562], ct)).toEqual([0, 127.5, 255]);
  });

  it("a Modality LUT comes before the window", async () => {
    const lut: TestElements = {
      "00283000": ["SQ", [{ "00283002": ["US", [3, 5, 16]], "00283006": ["US", [100, 0, 50]] }]],
      ...exactWindow(0, 100),
    };
    expect(await shown([0, 5, 6, 7, 8], lut)).toEqual([255, 255, 0, 127.5, 127.5]);
  });

  it("functional groups of the frame or of all frames (enhanced objects)", async () => {
    const rescale = (slope: string): TestElements => ({
      "00289145": ["SQ", [{ "00281052": ["DS", "0"], "00281053": ["DS", slope] }]],
    });
    const elements: TestElements = {
      "00280008": ["IS", "2"],
      "52009229": ["SQ", [{ "00289132": ["SQ", [exactWindow(0, 100)]] }]],
      "52009230": ["SQ", [rescale("1"), rescale("2")]],
    };
    const path = await nativeFile(2, 1, [0, 50, 0, 50], elements);
    expect(greyRows(await readDicomImage(path, 0))).toEqual([[0, 128]]);
    expect(greyRows(await readDicomImage(path, 1))).toEqual([[0, 255]]);
  });
});

describe("percentiles and windows of the site", () => {
  const ramp = Array.from({ length: 1000 }, (_, i) => i);

  it("0.5 and 99.5 % by nearest rank, where the file has no window", async () => {
    const [found] = [await shown(ramp, {})];
    expect(found.lastIndexOf(0)).toBe(4);
    expect(found.indexOf(255)).toBe(994);
    expect(found[499]).toBeCloseTo((495 / 990) * 255, 2);
  });

  it("padding does not count", async () => {
    const padded = [...Array.from({ length: 500 }, () => -2000), ...ramp.slice(0, 500)];
    const limits: TestElements = { ...SIGNED, "00280120": ["SS", [-2000]], "00280121": ["SS", [-1999]] };
    expect((await shown(padded, limits)).lastIndexOf(0)).toBe(502);
    expect((await shown(padded, SIGNED)).lastIndexOf(0)).toBe(499);
  });

  it("the rule overrules the file", async () => {
    expect(await shown([0, 25, 100], exactWindow(0, 200), { center: 50, width: 100 })).toEqual([0, 63.75, 255]);
    expect(await shown([0, 25, 100], exactWindow(0, 200), "percentiles")).toEqual([0, 63.75, 255]);
    await expect(shown([0, 1], {}, { center: 1, width: 0 })).rejects.toThrow(RangeError);
  });

  it("a picture of one value is black", async () => {
    expect(await shown([7, 7, 7], {})).toEqual([0, 0, 0]);
  });

  it("a large picture is shaded as a small one", async () => {
    const side = 300;
    const values = Array.from({ length: side * side }, (_, i) => (i % 5000) - 2500);
    const path = await nativeFile(side, side, values, { ...SIGNED, ...exactWindow(-2000, 2000) });
    const { data } = await readDicomImage(path, 0);
    for (let i = 0; i < values.length; i += 777)
      expect(data[3 * i]).toBeCloseTo(Math.min(255, Math.max(0, ((values[i] + 2000) / 4000) * 255)), 3);
  });
});

describe("pixels that are not square", () => {
  const rows = [0, 100, 200, 255];

  it.each<[string, TestElements]>([
    ["PixelSpacing", { "00280030": ["DS", "1\\2"] }],
    ["ImagerPixelSpacing", { "00181164": ["DS", "0.1\\0.2"] }],
    ["PixelAspectRatio", { "00280034": ["IS", "1\\2"] }],
    ["Pixel Measures", { "52009229": ["SQ", [{ "00289110": ["SQ", [{ "00280030": ["DS", "0.5\\1"] }]] }]] }],
  ])("%s: the coarser axis is filled in", async (_, spacing) => {
    const path = await nativeFile(2, 2, rows, { ...exactWindow(0, 255), ...spacing });
    const image = await readDicomImage(path, 0);
    expect([image.width, image.height]).toEqual([4, 2]);
    expect(greyRows(image)).toEqual([
      [0, 25, 75, 100],
      [200, 214, 241, 255],
    ]);
  });

  it("less than 1 % apart, missing, zero or absurd: stays as it is", async () => {
    for (const value of ["1\\1.009", "", "0\\1", "1\\500", "x\\y"]) {
      const image = await readDicomImage(await nativeFile(2, 2, rows, { "00280030": ["DS", value] }), 0);
      expect([image.width, image.height]).toEqual([2, 2]);
    }
  });
});
