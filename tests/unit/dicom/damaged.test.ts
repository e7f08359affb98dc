import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { readSegmentation, readSegmentationMask } from "@fedbaps/core/dicom/segmentation.js";
import { describe, expect, it } from "@jest/globals";
import { fragments, part10, SYNTAX, type TestElements } from "../../support/dicom.js";
import { bits, dicomFile, imageElements } from "../../support/dicom-image.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

async function refusal(bytes: Uint8Array): Promise<FedBapsError> {
  const path = await dicomFile(bytes);
  const error = (await readDicomImage(path, 0).catch((thrown: unknown) => thrown)) as FedBapsError;
  expect(error).toBeInstanceOf(FedBapsError);
  expect(error.message.startsWith(`${path}: `)).toBe(true);
  expect(error.message).toMatch(/^[^\n]+; [^\n]+$/);
  return error;
}

const image = (more: TestElements, syntax: string = SYNTAX.explicit) =>
  part10(imageElements(2, 2, { "7FE00010": ["OW", [1, 2, 3, 4]], ...more }), syntax);

describe("what cannot be read is refused in one line that says what to do", () => {
  it("no DICOM file, an empty one, a folder, none", async () => {
    expect((await refusal(Buffer.from("hello"))).message).toContain("not a DICOM file; check what it is");
    expect((await refusal(Buffer.alloc(0))).message).toContain("the file is empty");
    await expect(readDicomHeader("/absent/a.dcm")).rejects.toThrow("/absent/a.dcm: no such file; check the path");
    await expect(readDicomHeader(await temporaryFolder())).rejects.toThrow("not a file");
  });

  it("a report without pixels", async () => {
    const { "7FE00010": _, ...report } = imageElements(0, 0, { "00080060": ["CS", "SR"], "7FE00010": ["OW", []] });
    expect((await refusal(part10(report))).message).toContain("a DICOM file without pixels (modality SR); take it out");
  });

  it("an unknown transfer syntax, by name; a video", async () => {
    const error = await refusal(image({}, "1.2.3.4"));
    expect(error.message).toContain("transfer syntax 1.2.3.4 is not known; convert it to an uncompressed DICOM file");
    const odd = await refusal(image({}, `1.2\u001b[31m\n${"9".repeat(500)}`));
    expect(odd.message).toContain("transfer syntax 1.2?[31m?999");
    expect(odd.message.length).toBeLessThan(300);
    expect((await refusal(image({}, "1.2.840.10008.1.2.4.102"))).message).toContain("a video (transfer syntax");
  });

  it("a header that makes no sense", async () => {
    for (const [more, why] of [
      [{ "00280010": ["US", [0]] }, "2 x 0 pixels"],
      [{ "00280002": ["US", [4]] }, "4 samples a pixel"],
      [{ "00280004": ["CS", "CMYK"] }, 'photometric interpretation "CMYK"'],
      [bits(12), "12 bits allocated"],
      [bits(8, 12), "12 bits stored up to bit 11 of 8"],
    ] as const)
      expect((await refusal(image(more as unknown as TestElements))).message).toContain(
        `its header makes no sense (${why}`,
      );
  });

  it("more pixels than can be, or than there are, before memory is taken", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const huge: TestElements = { "00280010": ["US", [20000]], "00280011": ["US", [20000]] };
    expect(await refusal(image(huge))).toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect((await refusal(image({ "00280008": ["IS", "2000000000"] }))).message).toContain(
      "cut short: the header announces 2000000000 frames of 2 x 2 pixels, which take 16000000000 bytes where",
    );
    const lying = await dicomFile(image({ "00280008": ["IS", "2000000000"] }));
    await expect(readDicomHeader(lying)).rejects.toThrow("announces 2000000000 frames");
    const frames = imageElements(2, 2, { ...bits(8), "00280008": ["IS", "99999"] });
    const tail = fragments([Uint8Array.of(1, 2)]);
    expect((await refusal(part10(frames, SYNTAX.rle, { tail }))).message).toContain("announces 99999 frames");
    const thin: TestElements = { "00280010": ["US", [65000]], "00280011": ["US", [1500]], "00280030": ["DS", "1\\50"] };
    expect((await refusal(image(thin))).message).toContain("cut short");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });

  it("a deflated file that is damaged", async () => {
    const packed = image({ "00091001": ["OB", new Uint8Array(1000)] }, SYNTAX.deflated);
    expect((await refusal(packed.subarray(0, packed.length - 30))).message).toContain("damaged or cut short");
  });

  it("a picture that is not compressed as the transfer syntax says", async () => {
    expect((await refusal(image({}, SYNTAX.jpeg2000))).message).toContain("not compressed as JPEG 2000 Lossless says");
  });

  it("a segmentation among the images", async () => {
    const error = await refusal(image({ "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.66.4"] }));
    expect(error.message).toContain("a DICOM segmentation, where an image is expected; put it with the masks");
  });
});

/** Read whole or refused in one line: nothing else may come of any bytes. */
async function expectSound(path: string, segmentation: boolean): Promise<void> {
  try {
    await readDicomHeader(path);
    if (segmentation) {
      const { covers } = await readSegmentation(path);
      const mask = await readSegmentationMask({ kind: "dicom-seg", path, ...covers[0] });
      expect(mask.data.length).toBe(mask.width * mask.height);
      return;
    }
    const { data, width, height } = await readDicomImage(path, 0);
    expect(data.length).toBe(width * height * 3);
    expect(data.every((value) => value >= 0 && value <= 255)).toBe(true);
  } catch (error) {
    if (!(error instanceof FedBapsError)) throw error;
    expect(error.message).toMatch(/^[^\n]+; [^\n]+$/);
  }
}

const samples: Record<string, () => Uint8Array> = {
  "a made picture": () => image({ "00081111": ["SQ", [{ "00080018": ["UI", "2.25.9"] }]] }),
  "a made picture with open sequences": () =>
    part10(imageElements(2, 2, { "00081111": ["SQ", [{}, {}]], "7FE00010": ["OW", [1, 2, 3, 4]] }), SYNTAX.big, {
      open: true,
    }),
};
const real = fileURLToPath(new URL("../../../../shared/data/dicom", import.meta.url));
const REAL = ["MR_small_RLE.dcm", "emri_small_jpeg_ls_lossless.dcm", "JPGExtended.dcm", "US1_J2KI.dcm", "liver.dcm"];
if (existsSync(real)) for (const name of REAL) samples[name] = () => readFileSync(join(real, name));
else console.warn("skipped: no folder ../shared/data/dicom beside the repository, so no real DICOM files are damaged");

describe.each(Object.keys(samples))("%s, damaged", (name) => {
  const whole = samples[name]();
  const segmentation = name === "liver.dcm";
  const place = fc.oneof(fc.nat({ max: Math.min(whole.length, 3000) - 1 }), fc.nat({ max: whole.length - 1 }));
  const runs = { numRuns: whole.length < 10_000 ? 50 : 12 };

  it("cut short anywhere, is refused or read whole", async () => {
    const path = await dicomFile(whole);
    await fc.assert(
      fc.asyncProperty(place, async (length) => {
        await writeFile(path, whole.subarray(0, length));
        await expectSound(path, segmentation);
      }),
      runs,
    );
  });

  it("with any bytes changed, is refused or read to the right size", async () => {
    const path = await dicomFile(whole);
    const change = fc.tuple(place, fc.oneof(fc.constant(255), fc.nat({ max: 255 })));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, bytes);
        await expectSound(path, segmentation);
      }),
      runs,
    );
  });
});
