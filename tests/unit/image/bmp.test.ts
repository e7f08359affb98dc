import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "@fedbaps/core/image/errors.js";
import { pictureFacts } from "@fedbaps/core/image/raster.js";
import { readImage, readMask } from "@fedbaps/core/image/read.js";
import { describe, expect, it } from "@jest/globals";
import { encode } from "bmp-ts";
import { type BmpContent, bmpBytes } from "../../support/bmp.js";
import { rowsOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder: string | undefined;

/** One file, written anew each time: hundreds of folders would take longer than the pictures. */
async function fileOf(bytes: Uint8Array): Promise<string> {
  folder ??= await temporaryFolder();
  const path = join(folder, "p.bmp");
  await writeFile(path, bytes);
  return path;
}

/** Pixels as 0xRRGGBB, rows from the top. */
async function pixelsOf(bytes: Uint8Array): Promise<number[]> {
  const { data, width, height } = await readImage(await fileOf(bytes));
  return Array.from(
    { length: width * height },
    (_, i) => (data[3 * i] << 16) | (data[3 * i + 1] << 8) | data[3 * i + 2],
  );
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const side = fc.integer({ min: 1, max: 19 });
const byte = fc.nat(255);
const colour = fc.nat(0xffffff);

/** Any picture of a palette, packed or not, of any header. */
const indexed = fc
  .record({ bits: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const), width: side, height: side })
  .chain(({ bits, width, height }) =>
    fc.record({
      bits: fc.constant(bits),
      width: fc.constant(width),
      height: fc.constant(height),
      palette: fc.array(colour, { minLength: 1 << bits, maxLength: 1 << bits }),
      // Few values, so that runs come about.
      pixels: fc.array(fc.oneof(fc.nat(1), fc.nat((1 << bits) - 1)), {
        minLength: width * height,
        maxLength: width * height,
      }),
      header: fc.constantFrom(12, 40, 64, 108, 124),
      runLength: bits >= 4 ? fc.boolean() : fc.constant(false),
      topDown: fc.boolean(),
      gap: fc.nat(9),
    }),
  )
  // The oldest header knows neither.
  .map((content) => (content.header === 12 ? { ...content, runLength: false, topDown: false } : content));

describe("BMP", () => {
  it("of a palette: 1, 2, 4 and 8 bits, run-length encoded or not, in either order of rows, with any header", async () => {
    await fc.assert(
      fc.asyncProperty(indexed, async (content) => {
        expect(await pixelsOf(bmpBytes(content))).toEqual(content.pixels.map((index) => content.palette[index]));
      }),
      { numRuns: 100 },
    );
  });

  it("of 24 and 32 bits, of any size; the fourth byte is spare", async () => {
    const cases = fc
      .record({ width: side, height: side, bits: fc.constantFrom(24 as const, 32 as const), topDown: fc.boolean() })
      .chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          pixels: fc.array(colour, { minLength: shape.width * shape.height, maxLength: shape.width * shape.height }),
          spare: byte,
        }),
      );
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, pixels, spare }) => {
        const stored = pixels.map((rgb) => (shape.bits === 32 ? rgb + spare * 2 ** 24 : rgb));
        expect(await pixelsOf(bmpBytes({ ...shape, pixels: stored }))).toEqual(pixels);
      }),
      { numRuns: 100 },
    );
  });

  it("as another program writes it", async () => {
    const shape = fc.record({ width: side, height: side, seed: byte });
    await fc.assert(
      fc.asyncProperty(shape, async ({ width, height, seed }) => {
        const pixels = Array.from({ length: width * height }, (_, i) => ((i + seed) * 7919) & 0xffffff);
        // bmp-ts takes opacity, blue, green, red.
        const data = Buffer.from(pixels.flatMap((rgb) => [255, rgb & 255, (rgb >> 8) & 255, rgb >> 16]));
        expect(await pixelsOf(encode({ data, width, height, bitPP: 24 } as never).data)).toEqual(pixels);
      }),
      { numRuns: 30 },
    );
  });

  it("of 16 bits: five bits a channel, or by masks, spread over 0..255", async () => {
    const one = { width: 3, height: 1, bits: 16 } as const;
    expect(await pixelsOf(bmpBytes({ ...one, pixels: [0x7c00, 0x03e0, 0x0010] }))).toEqual([
      0xff0000, 0x00ff00, 0x000084,
    ]);
    const masks = [0xf800, 0x07e0, 0x001f];
    expect(await pixelsOf(bmpBytes({ ...one, masks, pixels: [0xf800, 0x07e0, 0xffff] }))).toEqual([
      0xff0000, 0x00ff00, 0xffffff,
    ]);
  });

  it("of masks and opacity: laid on black, but opacity that was never filled in does not count", async () => {
    const one = { width: 2, height: 1, bits: 32, masks: [0xff0000, 0xff00, 0xff, 0xff000000] } as const;
    for (const header of [40, 56, 108, 124]) {
      expect(await pixelsOf(bmpBytes({ ...one, header, pixels: [0xffff6432, 0x00ff6432] }))).toEqual([0xff6432, 0]);
      expect(await pixelsOf(bmpBytes({ ...one, header, pixels: [0x00ff6432, 0x00010203] }))).toEqual([
        0xff6432, 0x010203,
      ]);
    }
    const swapped = { ...one, masks: [0xff, 0xff00, 0xff0000], header: 52, pixels: [0x112233, 0x445566] };
    expect(await pixelsOf(bmpBytes(swapped))).toEqual([0x332211, 0x665544]);
  });

  it("of the published example of run-length encoding", async () => {
    // Microsoft, "Bitmap Compression": the bytes, and what they stand for.
    const example8 = hex("03 04 05 06 00 03 45 56 67 00 02 78 00 02 05 01 02 78 00 00 09 1E 00 01");
    const palette = Array.from({ length: 256 }, (_, i) => i);
    const eight: BmpContent = {
      width: 20,
      height: 3,
      bits: 8,
      palette,
      pixels: [],
      compression: 1,
      body: [...example8],
    };
    const row = (...values: number[]) => [...values, ...Array<number>(20 - values.length).fill(0)];
    const bottom = row(4, 4, 4, 6, 6, 6, 6, 6, 0x45, 0x56, 0x67, 0x78, 0x78);
    const middle = row(...Array<number>(18).fill(0), 0x78, 0x78);
    const top = row(...Array<number>(9).fill(0x1e));
    expect(await pixelsOf(bmpBytes(eight))).toEqual([...top, ...middle, ...bottom]);
    const example4 = hex("03 04 05 06 00 06 45 56 67 00 04 78 00 02 05 01 04 78 00 00 09 1E 00 01");
    const four: BmpContent = { ...eight, width: 27, bits: 4, compression: 2, body: [...example4] };
    const long = (...values: number[]) => [...values, ...Array<number>(27 - values.length).fill(0)];
    expect(await pixelsOf(bmpBytes({ ...four, palette: palette.slice(0, 16) }))).toEqual([
      ...long(1, 14, 1, 14, 1, 14, 1, 14, 1),
      ...long(...Array<number>(23).fill(0), 7, 8, 7, 8),
      ...long(0, 4, 0, 0, 6, 0, 6, 0, 4, 5, 5, 6, 6, 7, 7, 8, 7, 8),
    ]);
  });

  it("as a mask", async () => {
    const palette = [0x000000, 0xffffff];
    const path = await fileOf(bmpBytes({ width: 3, height: 2, bits: 1, palette, pixels: [1, 0, 0, 0, 1, 1] }));
    expect(rowsOf(await readMask(path))).toEqual(["#..", ".##"]);
    expect(await pictureFacts(path)).toEqual({ format: "bmp", width: 3, height: 2, pages: 1, bits: 8, lossy: false });
  });
});

describe("a BMP that cannot be read", () => {
  const grey = Array.from({ length: 256 }, (_, i) => i * 0x010101);
  const content: BmpContent = { width: 20, height: 20, bits: 8, palette: grey, pixels: Array(400).fill(7) };
  const refusal = async (bytes: Uint8Array) => {
    const path = await fileOf(bytes);
    const error = await readImage(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImageError);
    expect((error as ImageError).message.startsWith(`${path}: `)).toBe(true);
    return error as ImageError;
  };

  it("is refused wherever it is cut short", async () => {
    for (const runLength of [false, true]) {
      const bytes = bmpBytes({ ...content, runLength });
      // A packed picture that is full needs no end mark.
      for (const length of [18, 30, 60, 500, bytes.length - (runLength ? 6 : 1)])
        expect((await refusal(bytes.subarray(0, length))).code).toBe("IMAGE_UNREADABLE");
    }
  });

  it("is refused where it holds a JPEG, other depths, no pixels, colours beyond its palette, rows beyond its height", async () => {
    expect((await refusal(bmpBytes({ ...content, compression: 4 }))).message).toContain("JPEG within BMP is not read");
    expect((await refusal(bmpBytes({ ...content, compression: 2 }))).message).toContain(
      "8 bits a pixel with compression 2",
    );
    expect((await refusal(bmpBytes({ ...content, height: 0 }))).message).toContain("20 x 0 pixels");
    expect((await refusal(bmpBytes({ ...content, palette: [0, 1] }))).message).toContain(
      "colour 7, which its palette lacks",
    );
    const body = Array.from({ length: 21 }, () => [20, 7, 0, 0]).flat();
    expect((await refusal(bmpBytes({ ...content, compression: 1, body }))).message).toContain("more rows");
  });

  it("is refused before memory is taken for what it announces", async () => {
    const vast = bmpBytes(content);
    vast.writeInt32LE(40000, 18);
    vast.writeInt32LE(40000, 22);
    expect((await refusal(vast)).code).toBe("IMAGE_TOO_LARGE");
    vast.writeInt32LE(9000, 18);
    vast.writeInt32LE(9000, 22);
    expect((await refusal(vast)).message).toContain("cut short");
    vast.writeUInt32LE(1, 30);
    expect((await refusal(vast)).message).toContain("9000 x 9000 pixels, which 1478 bytes cannot hold");
  });

  it("is read or refused, whatever bytes of its headers are changed", async () => {
    const good = bmpBytes({ ...content, runLength: true });
    const change = fc.tuple(fc.integer({ min: 2, max: 57 }), byte);
    const path = await fileOf(good);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, bytes);
        const outcome = await readImage(path).catch((thrown: unknown) => thrown);
        expect(outcome instanceof ImageError || "data" in (outcome as object)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
