import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Dataset, loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import { readingRules } from "@fedbaps/core/data/reading.js";
import { openUsable } from "@fedbaps/core/data/usable.js";
import { encodeSegmentation } from "@fedbaps/core/dicom/write-segmentation.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { thrownBy } from "../../support/codes.js";
import { rectangle, writeMask, writeTexts } from "../../support/data-folder.js";
import { writePlainDicom } from "../../support/plain-dicom.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
});

const all = ({ train, val, test }: Dataset) => [...train, ...val, ...test].sort((a, b) => a.id - b.id);
const open = (rules = {}, tolerance = 0) => openDataset(folder, { seed: 1, reading: readingRules(rules), tolerance });
const uid = (i: number) => `2.25.100${i}`;

/** Images without extensions, as scanners write them: each of a patient of its own unless told. */
async function images(
  count: number,
  of: { frames?: number; patient?: (i: number) => string | undefined; study?: (i: number) => string } = {},
) {
  for (let i = 0; i < count; i++) {
    const patient = of.patient ? of.patient(i) : `patient ${i}`;
    const grey = (x: number, y: number, frame: number) => (x * 3 + y * 5 + x * y * (i + 2) + frame * 29) % 256;
    await writePlainDicom(join(folder, `IM000${i}`), {
      instance: uid(i),
      grey,
      ...(of.frames ? { frames: of.frames } : {}),
      ...(of.study ? { study: of.study(i) } : {}),
      ...(patient === undefined ? {} : { patient }),
    });
  }
}

/** A segmentation of frames (from 0) of image `i`. */
async function segment(i: number, frames: readonly number[] = [0], name = `SEG${i}.dcm`): Promise<void> {
  const [first, ...more] = frames.map((frame) => ({ frame, mask: rectangle(3 + frame) }));
  const bytes = await encodeSegmentation({
    source: join(folder, `IM000${i}`),
    ...first,
    more,
    label: "lesion",
    algorithm: "test",
    now: 0,
  });
  await writeFile(join(folder, name), bytes);
}

describe("DICOM images", () => {
  it("find their segmentations by the instance that these reference, whatever the files are called", async () => {
    await images(5);
    for (let i = 0; i < 5; i++) await segment(i, [0], `S${9 - i}`);
    const samples = all(await openUsable(folder, { seed: 1, tolerance: 0 }));
    expect(samples.map(({ stem }) => stem)).toEqual(["IM0000", "IM0001", "IM0002", "IM0003", "IM0004"]);
    expect(samples[2].mask).toEqual({ kind: "dicom-seg", path: join(folder, "S7"), instance: uid(2), frame: 0 });
    const { image, mask } = await loadSample(samples[2]);
    expect([image.width, image.height]).toEqual([mask.width, mask.height]);
    expect(mask.data).toEqual(rectangle(3).data);
  });

  it("find PNG masks of the same stem, or called as their SOP Instance UID, in one folder or in masks/", async () => {
    await images(5);
    await writeMask(join(folder, "IM0000.png"));
    await writeMask(join(folder, "masks", "IM0001.png"));
    await writeMask(join(folder, "masks", `${uid(2)}.png`));
    await writeMask(join(folder, "IM0003_mask.png"));
    await writeMask(join(folder, `${uid(4)}.png`));
    const samples = all(await openUsable(folder, { seed: 1, tolerance: 0 }));
    expect(samples.map(({ mask }) => mask.kind)).toEqual(Array(5).fill("picture"));
  });

  it("of a study that its segmentation does not cover are not used, and are no problem", async () => {
    await images(8);
    for (let i = 0; i < 5; i++) await segment(i);
    const dataset = await open();
    expect([all(dataset).length, dataset.leftOut]).toEqual([5, []]);
  });

  it("of a study without any segmentation are told, each, though other studies have theirs", async () => {
    await images(8, { study: (i) => (i < 6 ? "2.25.1" : "2.25.2") });
    for (let i = 0; i < 5; i++) await segment(i);
    const { leftOut } = await open({}, 0.5);
    expect(leftOut?.map(({ code, file }) => [code, file.slice(folder.length + 1)])).toEqual([
      ["DATASET_UNPAIRED", "IM0006"],
      ["DATASET_UNPAIRED", "IM0007"],
    ]);
  });

  it("without any mask are told, each", async () => {
    await images(6);
    for (let i = 0; i < 5; i++) await writeMask(join(folder, `IM000${i}.png`));
    const { leftOut } = await open({}, 0.2);
    expect(leftOut).toMatchObject([{ code: "DATASET_UNPAIRED", file: join(folder, "IM0005") }]);
  });

  it("that cannot be read are one bad case each: their masks do not pass for pictures", async () => {
    await images(5);
    for (let i = 0; i < 5; i++) await writeMask(join(folder, `IM000${i}.png`));
    await writeTexts(folder, { "BAD.dcm": "no picture" });
    await writeMask(join(folder, "BAD.png"));
    const { leftOut } = await open({}, 0.2);
    expect(leftOut).toMatchObject([{ code: "IMAGE_UNREADABLE", file: join(folder, "BAD.dcm") }]);
  });

  it("with two segmentations of one frame are refused, and both are named", async () => {
    await images(6);
    for (let i = 0; i < 6; i++) await segment(i);
    await segment(0, [0], "SECOND.dcm");
    const { leftOut } = await open({}, 0.2);
    expect(leftOut).toMatchObject([{ code: "MASK_AMBIGUOUS", file: join(folder, "IM0000") }]);
    expect(leftOut?.[0].message).toContain("SECOND.dcm");
  });

  it("that are no images, and other files, are passed over", async () => {
    await images(5);
    for (let i = 0; i < 5; i++) await segment(i);
    await writeTexts(folder, { DICOMDIR: "not one of ours", "readme.txt": "hello" });
    expect(all(await open())).toHaveLength(5);
  });
});

describe("frames of a DICOM image", () => {
  const frames = async (rules = {}) =>
    all(await open(rules)).flatMap(({ image }) =>
      image.kind === "dicom" && image.path.endsWith("IM0000") ? [image.frame] : [],
    );

  it("with a mask are used; the rule chooses others", async () => {
    await images(5, { frames: 6 });
    for (let i = 0; i < 5; i++) await segment(i, [1, 2, 5]);
    expect(await frames()).toEqual([1, 2, 5]);
    expect(await frames({ frames: "middle" })).toEqual([2]);
    expect(await frames({ frames: [2, 6] })).toEqual([1, 5]);
    const { stem } = all(await open())[0];
    expect(stem).toBe("IM0000_frame-002");
    expect(await thrownBy(() => open({ frames: "first" }))).toMatchObject({ code: "DATASET_UNPAIRED" });
    const beyond = (await thrownBy(() => open({ frames: [7] }))) as Error;
    expect(beyond.message).toContain("has no frame 7, but 6 in all");
  });

  it("have PNG masks with the frame's number; one without a number is the first frame's", async () => {
    await images(5, { frames: 12 });
    for (let i = 0; i < 5; i++) await writeMask(join(folder, `IM000${i}.png`));
    await writeMask(join(folder, "IM0000_03.png"));
    await writeMask(join(folder, "IM0000-12.png"));
    await writeMask(join(folder, `${uid(0)}_7.png`));
    expect(await frames()).toEqual([0, 2, 6, 11]);
    expect(await frames({ frames: "middle" })).toEqual([5]);
  });
});

describe("DICOM images in a manifest", () => {
  const lines = (...rows: string[]) =>
    writeTexts(folder, { "manifest.csv": ["image,mask,patient", ...rows].join("\n") });

  it("have the segmentation or picture that the line names, even where others would fit", async () => {
    await images(5);
    for (let i = 0; i < 5; i++) await segment(i);
    await segment(0, [0], "READER-2.dcm");
    await writeMask(join(folder, "drawn.png"));
    await lines("IM0000,READER-2.dcm,a", "IM0001,drawn.png,b", "IM0002,,c", "IM0003,SEG3.dcm,d", "IM0004,SEG4.dcm,e");
    const masks = all(await open()).map(({ mask }) => mask.path.slice(folder.length + 1));
    expect(masks).toEqual(["READER-2.dcm", "drawn.png", "SEG2.dcm", "SEG3.dcm", "SEG4.dcm"]);
  });

  it("may not have a segmentation of another image: the line is named", async () => {
    await images(6);
    for (let i = 0; i < 6; i++) await segment(i);
    await lines(...[0, 1, 2, 3, 4].map((i) => `IM000${i},SEG${i}.dcm,p${i}`), "IM0005,SEG1.dcm,p5");
    const { leftOut } = await open({}, 0.2);
    expect(leftOut).toMatchObject([{ code: "SEGMENTATION_UNMATCHED", file: join(folder, "SEG1.dcm") }]);
    expect(leftOut?.[0].message).toContain("line 7");
  });

  it("are of the patient that the line names, not of the header's", async () => {
    await images(6, { patient: () => "ANON" });
    for (let i = 0; i < 6; i++) await segment(i);
    await lines(...[0, 1, 2, 3, 4, 5].map((i) => `IM000${i},,p${i % 3}`));
    expect(new Set(all(await open()).map(({ patient }) => patient)).size).toBe(3);
  });
});

describe("patients of DICOM images", () => {
  it("are known by their PatientID and stay together; the files' names do not matter", async () => {
    await images(9, { patient: (i) => ["A", "B", "C"][i % 3] });
    for (let i = 0; i < 9; i++) await segment(i);
    const { train, val, test } = await open();
    const parts = [train, val, test].map((part) => part.map(({ stem }) => Number(stem.slice(-1)) % 3));
    for (const part of parts) expect(new Set(part).size).toBe(1);
    expect(parts.map(({ length }) => length)).toEqual([3, 3, 3]);
  });

  it("are not what is kept: neither identifier nor name is among the samples", async () => {
    await images(5, { patient: (i) => `MRN-${i}-SECRET` });
    for (let i = 0; i < 5; i++) await segment(i);
    const dataset = await open();
    expect(JSON.stringify(dataset)).not.toMatch(/SECRET|Doe/);
    for (const { patient } of all(dataset)) expect(patient).toMatch(/^[0-9a-f]{32}$/);
  });

  it("that are all the same, as after a bad anonymisation, are told to be so", async () => {
    await images(6, { patient: () => "ANON" });
    for (let i = 0; i < 6; i++) await segment(i);
    const error = (await thrownBy(() => open())) as Error;
    expect(error).toMatchObject({ code: "DATASET_TOO_SMALL" });
    expect(error.message).toContain("manifest.csv");
  });

  it("that are missing keep the images of a study together", async () => {
    await images(9, { patient: (i) => (i % 2 ? "" : undefined), study: (i) => `2.25.${(i % 3) + 1}` });
    for (let i = 0; i < 9; i++) await segment(i);
    const { train, val, test } = await open();
    for (const part of [train, val, test])
      expect(new Set(part.map(({ stem }) => Number(stem.slice(-1)) % 3)).size).toBe(1);
  });

  it("that are missing, and studies too, keep the frames of a file together; else every image stands for itself", async () => {
    const nobody = { patient: () => undefined, study: () => "" };
    await images(3, { ...nobody, frames: 2 });
    for (let i = 0; i < 6; i++) await writeMask(join(folder, `IM000${i % 3}_${i < 3 ? 1 : 2}.png`));
    const { train, val, test } = await open();
    for (const part of [train, val, test]) expect(new Set(part.map(({ image }) => image.path)).size).toBe(1);
    folder = await temporaryFolder();
    await images(5, nobody);
    for (let i = 0; i < 5; i++) await writeMask(join(folder, `IM000${i}.png`));
    expect(all(await open()).every(({ patient }) => patient === undefined)).toBe(true);
  });

  it("in two parts of a split that the folder brings are refused", async () => {
    for (const [part, i] of [
      ["train", 1],
      ["val", 2],
      ["test", 1],
    ] as const) {
      await mkdir(join(folder, part, "images"), { recursive: true });
      await writePlainDicom(join(folder, part, "images", "a.dcm"), { instance: uid(i), patient: `P${i}` });
      await writeMask(join(folder, part, "masks", "a.png"));
    }
    const error = (await thrownBy(() => open())) as Error;
    expect(error).toMatchObject({ code: "PATIENT_IN_TWO_SPLITS" });
    expect(error.message).toMatch(/test.*train/);
    expect(error.message).not.toContain("P1");
  });
});
