import { readSegmentation, readSegmentationMask } from "@fedbaps/core/dicom/segmentation.js";
import { describe, expect, it } from "@jest/globals";
import { part10, type TestElements } from "../../support/dicom.js";
import { bits, dicomFile, imageElements } from "../../support/dicom-image.js";
import { rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const refers = (instance: string, frames?: string): TestElements => ({
  "00081155": ["UI", instance],
  ...(frames ? { "00081160": ["IS", frames] } : {}),
});

/** A frame's group: its segment, and the images that it is about. */
function group(segment: number | undefined, ...images: readonly TestElements[]): TestElements {
  return {
    ...(images.length ? { "00089124": ["SQ", [{ "00082112": ["SQ", images] }]] } : {}),
    ...(segment === undefined ? {} : { "0062000A": ["SQ", [{ "0062000B": ["US", [segment]] }]] }),
  };
}

/** Bits in the order of the pixels, packed from the lowest of each byte on. */
function packed(...frames: readonly string[]): Uint8Array {
  const inside = [...frames.join("")].map((character) => character === "#");
  const bytes = new Uint8Array(Math.ceil(inside.length / 8));
  for (const [i, set] of inside.entries()) if (set) bytes[i >> 3] |= 1 << (i & 7);
  return bytes;
}

async function segmentation(groups: readonly TestElements[], pixels: Uint8Array, more: TestElements = {}) {
  const elements = imageElements(3, 3, {
    "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.66.4"],
    ...bits(1),
    "00280008": ["IS", String(groups.length)],
    "00620001": ["CS", "BINARY"],
    "00620002": [
      "SQ",
      [
        { "00620004": ["US", [1]], "00620005": ["LO", "Liver"] },
        { "00620004": ["US", [2]], "00620005": ["LO", "Tumour"] },
      ],
    ],
    "52009230": ["SQ", groups],
    "7FE00010": ["OB", pixels],
    ...more,
  });
  return await dicomFile(part10(elements), "seg.dcm");
}

async function mask(path: string, instance: string, frame = 0, segments?: readonly number[]): Promise<string[]> {
  return rowsOf(
    await readSegmentationMask({ kind: "dicom-seg", path, instance, frame, ...(segments ? { segments } : {}) }),
  );
}

// Nine pixels a frame: the second and third begin within a byte.
const LIVER = "##.##....";
const TUMOUR = "....##...";
const OTHER = ".......##";

describe("BINARY segmentations (PS3.3 C.8.20)", () => {
  const three = () =>
    segmentation(
      [group(1, refers("2.25.7")), group(2, refers("2.25.7")), group(1, refers("2.25.8"))],
      packed(LIVER, TUMOUR, OTHER),
    );

  it("tell which images they mark, and their segments", async () => {
    expect(await readSegmentation(await three())).toEqual({
      covers: [
        { instance: "2.25.7", frame: 0 },
        { instance: "2.25.8", frame: 0 },
      ],
      segments: [
        { number: 1, label: "Liver" },
        { number: 2, label: "Tumour" },
      ],
      rows: 3,
      columns: 3,
    });
  });

  it("all segments of an image together, or those that are wanted", async () => {
    const path = await three();
    expect(await mask(path, "2.25.7")).toEqual(["##.", "###", "..."]);
    expect(await mask(path, "2.25.7", 0, [2])).toEqual(["...", ".##", "..."]);
    expect(await mask(path, "2.25.8")).toEqual(["...", "...", ".##"]);
  });

  it("an image or a segment that is not marked is refused", async () => {
    const path = await three();
    await expect(mask(path, "2.25.9")).rejects.toMatchObject({ code: "SEGMENTATION_UNMATCHED" });
    await expect(mask(path, "2.25.8", 0, [2])).rejects.toThrow(
      "marks segment 2 nowhere on frame 1 of the image; check",
    );
  });

  it("frames of an image with several, by their numbers from 1; a reference without numbers is to all", async () => {
    const path = await segmentation(
      [group(1, refers("2.25.7", "2\\3")), group(2, refers("2.25.7"))],
      packed(LIVER, TUMOUR),
    );
    expect((await readSegmentation(path)).covers).toEqual([
      { instance: "2.25.7", frame: 1 },
      { instance: "2.25.7", frame: 2 },
      { instance: "2.25.7", frame: 0 },
    ]);
    expect(await mask(path, "2.25.7", 2)).toEqual(["##.", "###", "..."]);
    expect(await mask(path, "2.25.7", 5)).toEqual(["...", ".##", "..."]);
  });

  it("what all frames share stands in the shared group", async () => {
    const path = await segmentation([{}], packed(LIVER), { "52009229": ["SQ", [group(1, refers("2.25.7"))]] });
    expect(await mask(path, "2.25.7", 0, [1])).toEqual(["##.", "##.", "..."]);
  });

  const series = (...instances: readonly string[]): TestElements => ({
    "00081115": ["SQ", [{ "0008114A": ["SQ", instances.map((instance) => refers(instance))] }]],
  });

  it("without references of frames: the one image that the object refers to", async () => {
    const path = await segmentation([group(1), group(2)], packed(LIVER, TUMOUR), series("2.25.7"));
    expect(await mask(path, "2.25.7")).toEqual(["##.", "###", "..."]);
    for (const several of [series("2.25.7", "2.25.8"), {}])
      await expect(readSegmentation(await segmentation([group(1)], packed(LIVER), several))).rejects.toThrow(
        "does not say which image its frames belong to; export the segmentation with references to its images",
      );
    await expect(
      readSegmentation(await segmentation([group(1), group(1)], packed(LIVER, OTHER), series("2.25.7"))),
    ).rejects.toMatchObject({ code: "SEGMENTATION_UNMATCHED" });
  });

  it("pixels that are not square are filled in as the image's are", async () => {
    const spacing: TestElements = { "52009229": ["SQ", [{ "00289110": ["SQ", [{ "00280030": ["DS", "2\\1"] }]] }]] };
    const path = await segmentation([group(1, refers("2.25.7"))], packed(LIVER), spacing);
    expect(await mask(path, "2.25.7")).toEqual(["##.", "##.", "##.", "##.", "...", "..."]);
  });
});

describe("other segmentations", () => {
  it("FRACTIONAL: at least half of the full value", async () => {
    const values = Uint8Array.of(0, 49, 50, 51, 100, 0, 0, 0, 0);
    const path = await segmentation([group(1, refers("2.25.7"))], values, {
      ...bits(8),
      "00620001": ["CS", "FRACTIONAL"],
      "0062000E": ["US", [100]],
    });
    expect(await mask(path, "2.25.7")).toEqual(["..#", "##.", "..."]);
  });

  it("LABELMAP: pixels name their segment", async () => {
    const path = await segmentation([group(undefined, refers("2.25.7"))], Uint8Array.of(0, 1, 2, 3, 0, 0, 0, 0, 0), {
      ...bits(8),
      "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.66.7"],
      "00620001": ["CS", "LABELMAP"],
    });
    expect(await mask(path, "2.25.7")).toEqual([".##", "#..", "..."]);
    expect(await mask(path, "2.25.7", 0, [1, 3])).toEqual([".#.", "#..", "..."]);
  });

  it("an image in their place is refused", async () => {
    const path = await dicomFile(part10(imageElements(1, 1, { "7FE00010": ["OW", [1]] })));
    await expect(readSegmentation(path)).rejects.toThrow("no DICOM segmentation; check what it is");
  });

  it("cut short is refused", async () => {
    const path = await segmentation([group(1, refers("2.25.7"))], new Uint8Array(0));
    await expect(mask(path, "2.25.7")).rejects.toThrow("cut short");
  });
});
