import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeFrame } from "@fedbaps/core/dicom/decode-frame.js";
import { withDicom } from "@fedbaps/core/dicom/file.js";
import { looksLikeDicom, readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { pixelFormat } from "@fedbaps/core/dicom/pixel-format.js";
import { describe, expect, it } from "@jest/globals";

// Clinical pictures do not belong into the repository; where they lie beside it, they are read and compared with what
// pydicom and GDCM read (tests/vectors/dicom-images.py).
const folder = fileURLToPath(new URL("../../../../shared/data/dicom", import.meta.url));

interface Expected {
  readonly file: string;
  readonly frame: number;
  readonly columns: number;
  readonly rows: number;
  readonly stored: string;
  readonly mean?: number;
  readonly min: number;
  readonly max: number;
  readonly places: readonly (readonly [y: number, x: number, values: readonly number[]])[];
}

const vectors = fileURLToPath(new URL("../../vectors/dicom-images.json", import.meta.url));
const expected = JSON.parse(readFileSync(vectors, "utf8")) as Expected[];

/** The one lossy file whose decoders round differently: libjpeg in integers, ours in double precision. */
const ROUNDED = "JPGExtended.dcm";

describe("real files", () => {
  if (!existsSync(folder)) {
    console.warn("skipped: no folder ../shared/data/dicom beside the repository, so no real DICOM files are read");
    it.skip("are read as pydicom reads them: no ../shared/data/dicom beside the repository", () => {});
    return;
  }

  it.each(expected)("$file, frame $frame: stored values as pydicom's", async ({ file, frame, stored, ...size }) => {
    const path = join(folder, file);
    expect(await looksLikeDicom(path)).toBe(true);
    const header = await readDicomHeader(path);
    expect(header).toMatchObject({ rows: size.rows, columns: size.columns });
    expect(header.kind).toBe(file === "liver.dcm" ? "segmentation" : "image");
    if (file === ROUNDED) return;
    const { values, rgb } = await withDicom(path, async (open) => decodeFrame(open, pixelFormat(open), frame));
    // Of JPEG in colour pydicom gives YCbCr, our decoder RGB: that is compared below.
    if (file === "examples_ybr_color.dcm") expect(rgb).toBe(true);
    else
      expect(
        createHash("sha256")
          .update(new Uint8Array(Int32Array.from(values).buffer))
          .digest("hex"),
      ).toBe(stored);
  });

  const pictures = expected.filter(({ mean }) => mean !== undefined);
  it.each(pictures)("$file, frame $frame: brightness and colours as pydicom's", async (row) => {
    const image = await readDicomImage(join(folder, row.file), row.frame);
    expect([image.width, image.height, image.channels]).toEqual([row.columns, row.rows, 3]);
    const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
    let [min, max] = [255, 0];
    for (const value of image.data) [min, max] = [Math.min(min, value), Math.max(max, value)];
    const slack = row.file === ROUNDED ? 3 : row.file === "examples_ybr_color.dcm" ? 1 : 0.01;
    expect(Math.abs(mean - (row.mean ?? 0))).toBeLessThan(Math.min(slack, 0.05));
    expect(Math.abs(min - row.min)).toBeLessThan(slack);
    expect(Math.abs(max - row.max)).toBeLessThan(slack);
    for (const [y, x, values] of row.places)
      for (const c of [0, 1, 2]) {
        const found = image.data[(y * image.width + x) * 3 + c];
        expect(Math.abs(found - (values[c] ?? values[0]))).toBeLessThan(slack);
      }
  });
});
