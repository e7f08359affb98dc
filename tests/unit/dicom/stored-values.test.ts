import { decodeFrame } from "@fedbaps/core/dicom/decode-frame.js";
import { withDicom } from "@fedbaps/core/dicom/file.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { pixelFormat } from "@fedbaps/core/dicom/pixel-format.js";
import { describe, expect, it } from "@jest/globals";
import { SYNTAX, type TestElements } from "../../support/dicom.js";
import { bits, colour, exactWindow, nativeFile } from "../../support/dicom-image.js";
import { greyRows } from "../../support/nifti-file.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

async function stored(path: string, frame = 0): Promise<number[]> {
  const { values } = await withDicom(path, async (file) => decodeFrame(file, pixelFormat(file), frame));
  return Array.from(values);
}

const SIGNED: TestElements = { "00280103": ["US", [1]] };

describe("stored values", () => {
  it("of any bits, signed or not, below any high bit, in either byte order: what was put in", async () => {
    const shape = fc
      .record({ allocated: fc.constantFrom(8, 16, 32), signed: fc.boolean(), big: fc.boolean() })
      .chain((form) =>
        fc.record({
          form: fc.constant(form),
          storedBits: fc.integer({ min: form.signed ? 2 : 1, max: form.allocated }),
          up: fc.nat(form.allocated - 1),
          raw: fc.array(fc.nat({ max: 0xffffffff }), { minLength: 6, maxLength: 6 }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(shape, async ({ form, storedBits, up, raw }) => {
        const { allocated, signed, big } = form;
        const low = Math.min(up, allocated - storedBits);
        const span = 2 ** storedBits;
        const wanted = raw.map((value) => (value % span) - (signed && value % span >= span / 2 ? span : 0));
        // Bits beyond the stored ones are overlays of old files: they must not matter.
        const above = 2 ** (low + storedBits);
        const words = wanted.map((value, i) => {
          const bitsUp = ((value + span) % span) * 2 ** low;
          return (bitsUp + (raw[i] % 2 && above < 2 ** allocated ? above : 0)) % 2 ** allocated;
        });
        const path = await nativeFile(
          3,
          2,
          words,
          { ...bits(allocated, storedBits, low + storedBits - 1), "00280103": ["US", [signed ? 1 : 0]] },
          big ? SYNTAX.big : SYNTAX.explicit,
          allocated === 8 ? "OB" : allocated === 16 ? "OW" : "UL",
        );
        expect(await stored(path)).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });

  it("of 8 bits in big-endian words of 16 are swapped in pairs, also where frames begin within a word", async () => {
    const more = { ...bits(8), "00280008": ["IS", "2"] } as const;
    const path = await nativeFile(3, 1, Uint8Array.of(2, 1, 4, 3, 6, 5), more, SYNTAX.big);
    expect(await stored(path, 0)).toEqual([1, 2, 3]);
    expect(await stored(path, 1)).toEqual([4, 5, 6]);
  });

  it("of single bits, with frames that begin within a byte", async () => {
    const more = { ...bits(1), "00280008": ["IS", "3"] } as const;
    const path = await nativeFile(3, 1, Uint8Array.of(0b10_011_101, 0b1), more, SYNTAX.explicit, "OB");
    expect([await stored(path, 0), await stored(path, 1), await stored(path, 2)]).toEqual([
      [1, 0, 1],
      [1, 1, 0],
      [0, 1, 1],
    ]);
  });

  it("of floating-point pixels", async () => {
    const { "7FE00010": _, ...floats } = { ...bits(32), "7FE00010": 0 };
    const path = await nativeFile(2, 1, [], { ...floats, "7FE00008": ["OF", [-1.5, 2.5]], ...exactWindow(-1.5, 2.5) });
    expect(greyRows(await readDicomImage(path, 0))).toEqual([[0, 255]]);
  });

  it("of each frame of several", async () => {
    const path = await nativeFile(2, 1, [1, 2, 3, 4, 5, 6], { "00280008": ["IS", "3"], ...SIGNED });
    expect(await stored(path, 2)).toEqual([5, 6]);
    await expect(stored(path, 3)).rejects.toThrow("no frame 4; its frames are 1 to 3");
    await expect(stored(path, -1)).rejects.toMatchObject({ code: "FRAME_MISSING" });
  });
});

describe("colours", () => {
  const rgb = [255, 0, 10, 20, 30, 40];
  const pixel = async (path: string) => Array.from((await readDicomImage(path, 0)).data, Math.round);

  it("interleaved and in planes", async () => {
    expect(await pixel(await nativeFile(2, 1, Uint8Array.from(rgb), colour("RGB")))).toEqual(rgb);
    const planes = Uint8Array.of(255, 20, 0, 30, 10, 40);
    expect(await pixel(await nativeFile(2, 1, planes, colour("RGB", 1)))).toEqual(rgb);
  });

  it("of 16 bits are scaled", async () => {
    const more = { ...colour("RGB"), ...bits(16, 12) };
    expect(await pixel(await nativeFile(1, 1, [4095, 0, 2048], more))).toEqual([255, 0, 128]);
  });

  it("YBR_FULL, YBR_FULL_422 and YBR_PARTIAL_422 become RGB", async () => {
    // The primary colours by PS3.3 C.7.6.3.1.2.
    const red = [76, 85, 255];
    expect(await pixel(await nativeFile(2, 1, Uint8Array.of(...red, 255, 128, 128), colour("YBR_FULL")))).toEqual([
      254, 0, 0, 255, 255, 255,
    ]);
    const shared = Uint8Array.of(76, 76, 85, 255);
    expect(await pixel(await nativeFile(2, 1, shared, colour("YBR_FULL_422")))).toEqual([254, 0, 0, 254, 0, 0]);
    const partial = Uint8Array.of(16, 235, 128, 128);
    expect(await pixel(await nativeFile(2, 1, partial, colour("YBR_PARTIAL_422")))).toEqual([0, 0, 0, 255, 255, 255]);
  });

  const palette = (entries: readonly (readonly number[])[], about: readonly number[]): TestElements => ({
    "00280004": ["CS", "PALETTE COLOR"],
    ...Object.fromEntries([1, 2, 3].map((c) => [`0028110${c}`, ["US", about]] as const)),
    ...Object.fromEntries([0, 1, 2].map((c) => [`0028120${c + 1}`, ["OW", entries[c]]] as const)),
  });

  it("of palettes: 16 bits, a first value, values beyond the ends, signed pixels", async () => {
    const wide = palette(
      [
        [0, 65535],
        [65535, 0],
        [32768, 32768],
      ],
      [2, 10, 16],
    );
    const path = await nativeFile(4, 1, [0, 10, 11, 500], wide);
    expect(await pixel(path)).toEqual([0, 255, 128, 0, 255, 128, 255, 0, 128, 255, 0, 128]);
    const below = palette(
      [
        [0, 65535],
        [0, 65535],
        [0, 65535],
      ],
      [2, 0xffff, 16],
    );
    expect(await pixel(await nativeFile(2, 1, [0xffff, 0], { ...below, ...SIGNED }))).toEqual([0, 0, 0, 255, 255, 255]);
  });

  it("of palettes of 8 bits: one entry a word, two entries a word, entries in the upper half", async () => {
    const one = palette(
      [
        [0, 255],
        [0, 255],
        [0, 255],
      ],
      [2, 0, 8],
    );
    const two = palette([[0xff00], [0xff00], [0xff00]], [2, 0, 8]);
    const upper = palette(
      [
        [0, 0xff00],
        [0, 0xff00],
        [0, 0xff00],
      ],
      [2, 0, 8],
    );
    for (const elements of [one, two, upper])
      expect(
        (await pixel(await nativeFile(2, 1, Uint8Array.of(0, 1), { ...bits(8), ...elements }))).map((v) =>
          v > 250 ? 255 : v,
        ),
      ).toEqual([0, 0, 0, 255, 255, 255]);
  });

  it("of palettes in segments: discrete, linear, repeated", async () => {
    // Two entries, then a line to 400 in four steps, then both segments again from their place in the data.
    const words = [0, 2, 0, 100, 1, 3, 400, 2, 2, 0, 0];
    const segmented = Object.fromEntries([1, 2, 3].map((c) => [`0028122${c}`, ["OW", words]] as const)) as TestElements;
    const about = Object.fromEntries(
      [1, 2, 3].map((c) => [`0028110${c}`, ["US", [10, 0, 16]]] as const),
    ) as TestElements;
    const path = await nativeFile(
      10,
      1,
      Array.from({ length: 10 }, (_, i) => i),
      {
        "00280004": ["CS", "PALETTE COLOR"],
        ...about,
        ...segmented,
      },
    );
    const { data } = await readDicomImage(path, 0);
    const found = Array.from({ length: 10 }, (_, i) => Math.round((data[3 * i] * 65535) / 255));
    expect(found).toEqual([0, 100, 200, 300, 400, 0, 100, 200, 300, 400]);
  });

  it("of a missing palette are refused", async () => {
    const path = await nativeFile(1, 1, [0], { "00280004": ["CS", "PALETTE COLOR"] });
    await expect(readDicomImage(path, 0)).rejects.toThrow("its colour palette is missing or damaged; export");
  });
});
