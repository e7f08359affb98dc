import { decodeFrame } from "@fedbaps/core/dicom/decode-frame.js";
import { withDicom } from "@fedbaps/core/dicom/file.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { pixelFormat } from "@fedbaps/core/dicom/pixel-format.js";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { fragments, part10, SYNTAX, type TestElements } from "../../support/dicom.js";
import { encodeWith } from "../../support/dicom-encoders.js";
import { bits, colour, dicomFile, imageElements } from "../../support/dicom-image.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const W = 24;
const H = 16;

async function compressed(frame: Uint8Array, syntax: string, more: TestElements): Promise<string> {
  return await dicomFile(part10(imageElements(W, H, more), syntax, { tail: fragments([frame]) }));
}

async function stored(path: string): Promise<number[]> {
  const { values } = await withDicom(path, async (file) => decodeFrame(file, pixelFormat(file), 0));
  return Array.from(values);
}

const SIGNED: TestElements = { "00280103": ["US", [1]] };
const HTJ2K = "1.2.840.10008.1.2.4.201";

// The decoders report to the console on their own; nothing of a hospital's pictures belongs there.
const consoles = (["log", "warn", "error", "info"] as const).map((name) => ({ name }));
beforeEach(() => {
  for (const { name } of consoles) jest.spyOn(console, name).mockImplementation(() => {});
});
afterEach(() => {
  for (const { name } of consoles) expect(console[name]).not.toHaveBeenCalled();
  jest.restoreAllMocks();
});

describe.each([
  ["JPEG-LS", SYNTAX.jpegLs, "jpeg-ls"],
  ["JPEG 2000", SYNTAX.jpeg2000, "jpeg-2000"],
  ["High-Throughput JPEG 2000", HTJ2K, "htj2k"],
] as const)("%s, lossless", (_, syntax, codec) => {
  const ramp = Array.from({ length: W * H }, (_, i) => (i * 37) % 4096);

  it("grey of 12 bits in 16", async () => {
    const frame = await encodeWith(codec, Uint16Array.from(ramp), { width: W, height: H, bits: 12 });
    expect(await stored(await compressed(frame, syntax, bits(16, 12)))).toEqual(ramp);
  });

  it("grey of 8 bits", async () => {
    const values = ramp.map((value) => value & 255);
    const frame = await encodeWith(codec, Uint8Array.from(values), { width: W, height: H, bits: 8 });
    expect(await stored(await compressed(frame, syntax, bits(8)))).toEqual(values);
  });

  it("colours", async () => {
    const values = Array.from({ length: 3 * W * H }, (_, i) => (i * 11) & 255);
    const frame = await encodeWith(codec, Uint8Array.from(values), { width: W, height: H, bits: 8, colours: 3 });
    const path = await compressed(frame, syntax, colour(codec === "jpeg-ls" ? "RGB" : "YBR_RCT"));
    expect(Array.from((await readDicomImage(path, 0)).data)).toEqual(values);
  });

  it("of another size than the header says is refused", async () => {
    const frame = await encodeWith(codec, new Uint8Array(64), { width: 8, height: 8, bits: 8 });
    await expect(stored(await compressed(frame, syntax, bits(8)))).rejects.toThrow(
      "the compressed picture has 8 x 8 pixels of 1 components, the header says 24 x 16 of 1",
    );
  });

  it("cut short anywhere is refused", async () => {
    const frame = await encodeWith(codec, Uint16Array.from(ramp), { width: W, height: H, bits: 12 });
    for (const share of [0, 0.05, 0.3, 0.6, 0.9]) {
      const part = frame.slice(0, Math.max(2, Math.floor(frame.length * share)));
      await expect(stored(await compressed(part, syntax, bits(16, 12)))).rejects.toMatchObject({
        code: "IMAGE_UNREADABLE",
        message: expect.stringContaining("frame 1 cannot be decoded as"),
      });
    }
    // A fault must not spoil the decoder for the next picture.
    expect(await stored(await compressed(frame, syntax, bits(16, 12)))).toEqual(ramp);
  });
});

it("JPEG 2000 of signed values", async () => {
  const values = Array.from({ length: W * H }, (_, i) => ((i * 91) % 4000) - 2000);
  const frame = await encodeWith("jpeg-2000", Int16Array.from(values), { width: W, height: H, bits: 16, signed: true });
  expect(await stored(await compressed(frame, SYNTAX.jpeg2000, { ...bits(16), ...SIGNED }))).toEqual(values);
});

describe("JPEG of 8 bits", () => {
  const flat = (rgb: readonly number[]) => Buffer.from(Array.from({ length: W * H }, () => rgb).flat());
  const encoded = (rgb: readonly number[], chromaSubsampling: string) =>
    sharp(flat(rgb), { raw: { width: W, height: H, channels: 3 } })
      .jpeg({ quality: 100, chromaSubsampling })
      .toBuffer();
  const withMarker = (jpeg: Buffer, marker: Buffer) => Buffer.concat([jpeg.subarray(0, 2), marker, jpeg.subarray(2)]);
  const JFIF = Buffer.from([0xff, 0xe0, 0, 16, ...Buffer.from("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  const ORANGE = [200, 120, 40];
  const first = async (frame: Uint8Array, photometric: string) =>
    Array.from((await readDicomImage(await compressed(frame, SYNTAX.jpeg, colour(photometric)), 0)).data.slice(0, 3));
  const near = (found: readonly number[], expected: readonly number[]) => {
    for (const [c, value] of expected.entries()) expect(Math.abs(found[c] - value)).toBeLessThanOrEqual(2);
  };

  it("YCbCr becomes RGB, whatever the header calls it, where the stream shows that it is", async () => {
    for (const photometric of ["YBR_FULL_422", "YBR_FULL", "RGB"]) {
      near(await first(await encoded(ORANGE, "4:2:0"), photometric), ORANGE);
      near(await first(withMarker(await encoded(ORANGE, "4:4:4"), JFIF), photometric), ORANGE);
    }
  });

  it("without a JFIF or Adobe marker the header decides", async () => {
    const bare = await encoded(ORANGE, "4:4:4");
    near(await first(bare, "YBR_FULL"), ORANGE);
    const ycc = [
      0.299 * 200 + 0.587 * 120 + 0.114 * 40,
      128 - 0.168736 * 200 - 0.331264 * 120 + 0.5 * 40,
      128 + 0.5 * 200 - 0.418688 * 120 - 0.081312 * 40,
    ];
    near(await first(bare, "RGB"), ycc);
    const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0]);
    near(await first(withMarker(bare, adobe), "YBR_FULL"), ycc);
  });

  it("cut short is refused", async () => {
    const jpeg = await encoded(ORANGE, "4:4:4");
    for (const length of [2, 30, jpeg.length - 20])
      await expect(first(jpeg.subarray(0, length), "YBR_FULL")).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
  });
});
