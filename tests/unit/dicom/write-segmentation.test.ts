import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { readSegmentation, readSegmentationMask } from "@fedbaps/core/dicom/segmentation.js";
import { encodeSegmentation, type NewSegmentation } from "@fedbaps/core/dicom/write-segmentation.js";
import type { Mask } from "@fedbaps/core/image/image.js";
import { describe, expect, it } from "@jest/globals";
import type { TestElements } from "../../support/dicom.js";
import { readElements } from "../../support/dicom-elements.js";
import { dicomFile, nativeFile } from "../../support/dicom-image.js";
import { maskOf, rowsOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const NOW = Date.parse("2026-03-04T05:06:07Z");

async function written(request: Partial<NewSegmentation> & Pick<NewSegmentation, "source" | "mask">): Promise<string> {
  const bytes = await encodeSegmentation({ frame: 0, label: "Polyp", algorithm: "FedBAPS", now: NOW, ...request });
  return await dicomFile(bytes, "seg.dcm");
}

const picture = (more: TestElements = {}, columns = 3, rows = 3) =>
  nativeFile(
    columns,
    rows,
    Array.from({ length: columns * rows }, (_, i) => i),
    more,
  );

describe("a segmentation", () => {
  it("of any size is read back as it was written", async () => {
    const masks = fc
      .tuple(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 1, max: 19 }))
      .chain(([width, height]) =>
        fc
          .array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height })
          .map((data): Mask => ({ width, height, data: Uint8Array.from(data) })),
      );
    await fc.assert(
      fc.asyncProperty(masks, async (mask) => {
        const path = await written({ source: await picture({}, mask.width, mask.height), mask });
        expect(await readSegmentationMask({ kind: "dicom-seg", path, instance: "2.25.1", frame: 0 })).toEqual(mask);
      }),
      { numRuns: 25 },
    );
  });

  it("of several frames refers to each", async () => {
    const source = await nativeFile(3, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9], { "00280008": ["IS", "3"] });
    const more = [{ frame: 0, mask: maskOf("..#") }];
    const path = await written({ source, frame: 2, mask: maskOf("##."), more });
    const read = (frame: number) => readSegmentationMask({ kind: "dicom-seg", path, instance: "2.25.1", frame });
    expect(rowsOf(await read(2))).toEqual(["##."]);
    expect(rowsOf(await read(0))).toEqual(["..#"]);
    await expect(read(1)).rejects.toMatchObject({ code: "SEGMENTATION_UNMATCHED" });
  });

  it.each<[string, TestElements]>([
    ["PixelSpacing without geometry", { "00280030": ["DS", "2\\1"] }],
    ["ImagerPixelSpacing", { "00181164": ["DS", "0.2\\0.1"] }],
    ["PixelAspectRatio", { "00280034": ["IS", "2\\1"] }],
    [
      "full geometry",
      {
        "00280030": ["DS", "2\\1"],
        "00200032": ["DS", "0\\0\\5"],
        "00200037": ["DS", "1\\0\\0\\0\\1\\0"],
        "00200052": ["UI", "2.25.44"],
      },
    ],
  ])("goes back onto a grid that is not square, and comes out again at the image's size: %s", async (_, spacing) => {
    const source = await picture(spacing, 2, 2);
    const mask = maskOf("#.", "#.", ".#", ".#");
    expect(await readDicomImage(source, 0)).toMatchObject({ width: 2, height: 4 });
    const path = await written({ source, mask });
    expect(await readDicomHeader(path)).toMatchObject({ rows: 2, columns: 2, kind: "segmentation" });
    expect(rowsOf(await readSegmentationMask({ kind: "dicom-seg", path, instance: "2.25.1", frame: 0 }))).toEqual(
      rowsOf(mask),
    );
  });

  it("belongs to the image's patient and study, and is a series of its own", async () => {
    let made = 0;
    const uid = () => `2.25.10${made++}`;
    const source = await picture({ "00080050": ["SH", "A1"], "00200010": ["SH", "S1"] });
    const path = await written({ source, mask: maskOf("#..", "...", "..."), uid, seriesDescription: "Not reviewed" });
    const elements = await readElements(path);
    expect(elements).toMatchObject({
      PatientName: [{ Alphabetic: "Doe^Jane" }],
      PatientID: "P1",
      AccessionNumber: "A1",
      StudyID: "S1",
      StudyInstanceUID: "2.25.2",
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.66.4",
      SOPInstanceUID: "2.25.100",
      Modality: "SEG",
      SeriesDescription: "Not reviewed",
      SegmentationType: "BINARY",
      Rows: 3,
      Columns: 3,
    });
    expect(["2.25.3", "2.25.2", "2.25.1", "2.25.100"]).not.toContain(elements.SeriesInstanceUID);
    const segment = [elements.SegmentSequence].flat()[0] as Record<string, unknown>;
    expect(segment).toMatchObject({
      SegmentLabel: "Polyp",
      SegmentAlgorithmType: "SEMIAUTOMATIC",
      SegmentAlgorithmName: "FedBAPS",
    });
  });

  it("has new identifiers each time", async () => {
    const source = await picture();
    const mask = maskOf("#..", "...", "...");
    const [a, b] = await Promise.all([written({ source, mask }), written({ source, mask })]);
    const instances = [await readDicomHeader(a), await readDicomHeader(b)].map(({ instance }) => instance);
    expect(instances[0]).not.toBe(instances[1]);
    for (const instance of instances) expect(instance).toMatch(/^2\.25\.[1-9]\d{30,38}$/);
  });
});

describe("characters", () => {
  const mask = maskOf("#..", "...", "...");
  const name = async (path: string) => [(await readElements(path)).PatientName].flat()[0] as { Alphabetic: string };
  const text = async (path: string) => (await readFile(path)).toString("latin1");

  it("of the patient are repeated byte for byte, with escape sequences", async () => {
    const japanese = new Uint8Array(Buffer.from("Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "latin1"));
    const source = await picture({ "00080005": ["CS", "\\ISO 2022 IR 87"], "00100010": ["PN", japanese] });
    const found = await text(await written({ source, mask }));
    expect(found).toContain(Buffer.from(japanese).toString("latin1"));
    expect(found).toContain("\\ISO 2022 IR 87");
  });

  it("of the label are UTF-8 where the patient's can be, and the patient's with them", async () => {
    const source = await picture({ "00080005": ["CS", "ISO_IR 100"], "00100010": ["PN", "M\xfcller^J\xf6rg"] });
    const path = await written({ source, mask, label: "Läsion" });
    expect((await readSegmentation(path)).segments).toEqual([{ number: 1, label: "Läsion" }]);
    expect((await name(path)).Alphabetic).toBe("Müller^Jörg");
  });

  it("that do not fit together are refused", async () => {
    const japanese = new Uint8Array(Buffer.from("\x1b$B;3ED\x1b(B", "latin1"));
    const source = await picture({ "00080005": ["CS", "\\ISO 2022 IR 87"], "00100010": ["PN", japanese] });
    await expect(written({ source, mask, label: "Läsion" })).rejects.toThrow("use letters a to z");
    await expect(written({ source, mask, label: "" })).rejects.toThrow("label: must have 1 to 64 characters, not 0");
    await expect(written({ source, mask, algorithm: "x".repeat(65) })).rejects.toMatchObject({ code: "USAGE" });
  });
});

it("a mask of another size, a frame that there is not, an image without identifiers are refused", async () => {
  const source = await picture();
  await expect(written({ source, mask: maskOf("##") })).rejects.toMatchObject({ code: "MASK_SIZE" });
  const mask = maskOf("#..", "...", "...");
  await expect(written({ source, mask, frame: 1 })).rejects.toMatchObject({ code: "FRAME_MISSING" });
  await expect(written({ source: await picture({ "0020000D": ["UI", ""] }), mask })).rejects.toThrow(
    "no Study Instance UID, which a segmentation has to repeat; export",
  );
});

const real = fileURLToPath(new URL("../../../../shared/data/dicom", import.meta.url));
describe("of real images", () => {
  if (!existsSync(real)) {
    console.warn("skipped: no folder ../shared/data/dicom beside the repository, so no real image is segmented");
    it.skip("are read back: no ../shared/data/dicom beside the repository", () => {});
    return;
  }
  const small = readdirSync(real).filter((file) => !/^(liver|RG\d)/.test(file));

  it.each(small)("%s: the last frame", async (file) => {
    const source = join(real, file);
    const { instance, frames } = await readDicomHeader(source);
    const frame = frames - 1;
    const { width, height } = await readDicomImage(source, frame);
    const data = Uint8Array.from({ length: width * height }, (_, i) => (i % 7 < 3 ? 1 : 0));
    const path = await written({ source, frame, mask: { width, height, data } });
    expect((await readSegmentation(path)).covers).toEqual([{ instance, frame }]);
    const mask = await readSegmentationMask({ kind: "dicom-seg", path, instance, frame });
    expect(Buffer.compare(mask.data, data)).toBe(0);
  });
});
