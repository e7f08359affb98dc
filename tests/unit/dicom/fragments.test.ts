import { writeFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { decodeFrame } from "@fedbaps/core/dicom/decode-frame.js";
import { withDicom } from "@fedbaps/core/dicom/file.js";
import { pixelFormat } from "@fedbaps/core/dicom/pixel-format.js";
import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { fragments, part10, SYNTAX, type TestElements } from "../../support/dicom.js";
import { bits, colour, dicomFile, imageElements } from "../../support/dicom-image.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const SIDE = 16;

async function stored(path: string, frame: number): Promise<number[]> {
  const { values } = await withDicom(path, async (file) => decodeFrame(file, pixelFormat(file), frame));
  return Array.from(values);
}

async function jpeg(level: number): Promise<Buffer> {
  const data = Buffer.alloc(SIDE * SIDE, level);
  return await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .toColourspace("b-w")
    .jpeg({ quality: 100 })
    .toBuffer();
}

const halves = (bytes: Buffer): Buffer[] => {
  const middle = Math.floor(bytes.length / 4) * 2;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
};

const size = (part: Uint8Array) => 8 + part.length + (part.length % 2);

describe("frames in fragments (PS3.5 A.4)", () => {
  const LEVELS = [40, 120, 200];
  const elements = imageElements(SIDE, SIDE, { ...bits(8), "00280008": ["IS", "3"] });
  const written = async (parts: readonly Uint8Array[], offsets: readonly number[] = [], more: TestElements = {}) =>
    await dicomFile(part10({ ...elements, ...more }, SYNTAX.jpeg, { tail: fragments(parts, offsets) }));

  async function expectLevels(path: string) {
    for (const [frame, level] of LEVELS.entries()) expect(new Set(await stored(path, frame))).toEqual(new Set([level]));
  }

  it("one each, with and without a table", async () => {
    const frames = await Promise.all(LEVELS.map(jpeg));
    await expectLevels(await written(frames));
    await expectLevels(await written(frames, [0, size(frames[0]), size(frames[0]) + size(frames[1])]));
  });

  it("several each, with a table, and without one by where pictures begin", async () => {
    const parts = (await Promise.all(LEVELS.map(jpeg))).map(halves);
    const lengths = parts.map((frame) => frame.reduce((sum, part) => sum + size(part), 0));
    await expectLevels(await written(parts.flat(), [0, lengths[0], lengths[0] + lengths[1]]));
    await expectLevels(await written(parts.flat()));
  });

  it("a table that points beside the items is passed over", async () => {
    const frames = await Promise.all(LEVELS.map(jpeg));
    await expectLevels(await written(frames, [2, 90, 5000]));
    await expectLevels(await written(frames, [0, 0, 0]));
  });

  it("the extended offset table", async () => {
    const frames = await Promise.all(LEVELS.map(jpeg));
    const starts = [0, size(frames[0]), size(frames[0]) + size(frames[1])];
    const table: TestElements = {
      "7FE00001": ["OV", starts],
      "7FE00002": ["OV", frames.map(({ length }) => length)],
    };
    await expectLevels(await written(frames, [], table));
  });

  it("fragments that cannot be assigned are refused", async () => {
    const [frame] = await Promise.all(LEVELS.map(jpeg));
    await expect(stored(await written([frame]), 0)).rejects.toThrow("its 1 fragments cannot be assigned to 3 frames");
  });
});

/** PackBits by the plainest rule: literal runs only, or runs of equal bytes where they occur. */
function packed(bytes: Uint8Array): Buffer {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let run = 1;
    while (run < 128 && bytes[at + run] === bytes[at]) run++;
    if (run > 1) {
      out.push(257 - run, bytes[at]);
      at += run;
    } else {
      out.push(0, bytes[at]);
      at++;
    }
  }
  return Buffer.from(out);
}

function rle(planes: readonly Uint8Array[]): Buffer {
  const segments = planes.map(packed);
  const header = Buffer.alloc(64);
  header.writeUInt32LE(segments.length, 0);
  let at = 64;
  for (const [i, segment] of segments.entries()) {
    header.writeUInt32LE(at, 4 + 4 * i);
    at += segment.length;
  }
  return Buffer.concat([header, ...segments]);
}

describe("RLE (PS3.5 Annex G)", () => {
  it("of 8, 16 and 32 bits, grey and colour: what was put in", async () => {
    const kinds = fc.constantFrom([8, 1], [16, 1], [32, 1], [8, 3], [16, 3]);
    const path = await dicomFile(Buffer.alloc(1));
    await fc.assert(
      fc.asyncProperty(
        kinds,
        fc.array(fc.nat({ max: 0xffff }), { minLength: 12, maxLength: 12 }),
        async ([width, samples], raw) => {
          const values = raw.slice(0, 4 * samples).map((value) => value % 2 ** Math.min(width, 16));
          const planes = Array.from({ length: (samples * width) / 8 }, (_, segment) => {
            const sample = Math.floor((segment * 8) / width);
            const shift = 8 * (width / 8 - 1 - (segment % (width / 8)));
            return Uint8Array.from({ length: 4 }, (_, i) => values[i * samples + sample] >>> shift);
          });
          const more = { ...(samples === 3 ? colour("RGB") : {}), ...bits(width) };
          const tail = fragments([rle(planes)]);
          await writeFile(path, part10(imageElements(2, 2, more), SYNTAX.rle, { tail }));
          expect(await stored(path, 0)).toEqual(values);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("cut short, or with other segments than the header says, is refused", async () => {
    const whole = rle([Uint8Array.of(1, 2, 3, 4)]);
    const refused = async (bytes: Uint8Array, why: string) => {
      const path = await dicomFile(part10(imageElements(2, 2, bits(8)), SYNTAX.rle, { tail: fragments([bytes]) }));
      await expect(stored(path, 0)).rejects.toThrow(`frame 1 cannot be decoded as RLE Lossless (${why}); export`);
    };
    await refused(whole.subarray(0, 70), "RLE data cut short");
    await refused(rle([Uint8Array.of(1), Uint8Array.of(1)]), "2 RLE segments, where 1 are expected");
  });
});

it("deflated frames, each for itself", async () => {
  const frames = [Buffer.from([1, 2]), Buffer.from([3, 4])].map((frame) => deflateRawSync(frame));
  const elements = imageElements(2, 1, { ...bits(8), "00280008": ["IS", "2"] });
  const path = await dicomFile(part10(elements, SYNTAX.deflatedFrames, { tail: fragments(frames) }));
  expect(await stored(path, 1)).toEqual([3, 4]);
});
