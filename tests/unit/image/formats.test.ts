import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pictureFacts } from "@fedbaps/core/image/raster.js";
import { readImage, readMask } from "@fedbaps/core/image/read.js";
import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { rowsOf } from "../../support/pictures.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { tiffBytes } from "../../support/tiff.js";

removeTemporaryFolders();

async function fileOf(bytes: Uint8Array, name: string): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

const raw = (data: Uint8Array | Uint16Array, width: number, height: number, channels: 1 | 3 | 4) =>
  sharp(data, { raw: { width, height, channels } });
const colours = Uint8Array.from({ length: 12 * 8 * 3 }, (_, i) => (i * 37) % 256);
const picture = () => raw(colours, 12, 8, 3);
const greys = async (path: string) => {
  const { data, width, height } = await readImage(path);
  return Array.from({ length: width * height }, (_, i) => data[3 * i]);
};

describe("formats", () => {
  it("PNG, TIFF however packed, lossless WebP: the same pixels; the content says which, not the name", async () => {
    const saved: [string, Promise<Buffer>][] = [
      ["png", picture().png().toBuffer()],
      ["webp", picture().webp({ lossless: true }).toBuffer()],
      ...(["none", "lzw", "deflate", "packbits"] as const).map((compression): [string, Promise<Buffer>] => [
        "tiff",
        picture().tiff({ compression }).toBuffer(),
      ]),
      ["tiff", picture().tiff({ compression: "lzw", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer()],
      ["tiff", picture().tiff({ compression: "none", bigtiff: true }).toBuffer()],
    ];
    for (const [format, bytes] of saved) {
      const path = await fileOf(await bytes, "wrong.jpg");
      const image = await readImage(path);
      expect([image.width, image.height]).toEqual([12, 8]);
      expect(Array.from(image.data)).toEqual(Array.from(colours));
      expect((await pictureFacts(path)).format).toBe(format);
    }
  });

  it("JPEG under the name of a PNG, progressive, grey, and of four inks", async () => {
    const flat = () => sharp({ create: { width: 16, height: 16, channels: 3, background: "#b4a08c" } });
    for (const bytes of [
      await flat().jpeg({ quality: 95 }).toBuffer(),
      await flat().jpeg({ progressive: true }).toBuffer(),
      await flat().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(),
    ]) {
      const path = await fileOf(bytes, "scan.png");
      const { data } = await readImage(path);
      for (const [i, wanted] of [180, 160, 140].entries()) expect(Math.abs(data[i] - wanted)).toBeLessThan(10);
      expect(await pictureFacts(path)).toMatchObject({ format: "jpeg", width: 16, lossy: true });
    }
    const grey = await flat().toColourspace("b-w").jpeg().toBuffer();
    const { data } = await readImage(await fileOf(grey, "grey.jpg"));
    expect([data[0] - data[1], data[1] - data[2]]).toEqual([0, 0]);
  });

  it("PNG of a palette of 2 to 256 colours, transparent or not", async () => {
    const four = Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 0]);
    for (const count of [4, 16, 256]) {
      const bytes = await raw(four, 4, 1, 4).png({ palette: true, colours: count, dither: 0 }).toBuffer();
      expect((await sharp(bytes).metadata()).isPalette).toBe(true);
      const { data } = await readImage(await fileOf(bytes, "p.png"));
      expect(Array.from(data)).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0]);
    }
  });

  it("16 bits: the range is that of the depth that the largest value needs", async () => {
    const png = async (values: number[]) => {
      const bytes = await raw(Uint16Array.from(values), values.length, 1, 1).toColourspace("grey16").png().toBuffer();
      return greys(await fileOf(bytes, "deep.png"));
    };
    const tiff = async (values: number[]) =>
      greys(await fileOf(tiffBytes({ width: values.length, height: 1, bits: 16, values }), "deep.tif"));
    for (const read of [png, tiff])
      for (const white of [255, 1023, 4095, 16383, 65535]) {
        const [black, middle, bright] = await read([0, Math.floor(white / 2) + 1, white]);
        expect([black, bright]).toEqual([0, 255]);
        expect(Math.abs(middle - 127.5)).toBeLessThan(0.51);
      }
    expect(
      (await pictureFacts(await fileOf(tiffBytes({ width: 1, height: 1, bits: 16, values: [9] }), "a.tif"))).bits,
    ).toBe(16);
  });

  it("TIFF where 0 is white is turned to rights", async () => {
    const page = { width: 3, height: 1, bits: 8, values: [0, 100, 255] } as const;
    expect(await greys(await fileOf(tiffBytes({ ...page, inverted: true }), "a.tif"))).toEqual([255, 155, 0]);
  });

  it("of a TIFF of several pages, and of a moving GIF, the first is read, and it is said how many there are", async () => {
    const page = (value: number) => ({ width: 2, height: 1, bits: 8 as const, values: [value, value] });
    const path = await fileOf(tiffBytes(page(10), page(20), page(30)), "stack.tif");
    expect(await greys(path)).toEqual([10, 10]);
    expect(await pictureFacts(path)).toMatchObject({ width: 2, height: 1, pages: 3 });
    const frames = [0, 255].map((value) => raw(new Uint8Array(48).fill(value), 4, 4, 3).png().toBuffer());
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    const moving = await fileOf(gif, "cine.gif");
    expect(await greys(moving)).toEqual(Array(16).fill(0));
    expect(await pictureFacts(moving)).toMatchObject({ width: 4, height: 4, pages: 2 });
  });

  it("numbers of no known black and white are refused, with what to do", async () => {
    const page = { width: 2, height: 1, values: [0, 1] };
    const refused = [
      tiffBytes({ ...page, bits: 32, format: 3 }),
      tiffBytes({ ...page, bits: 32 }),
      tiffBytes({ ...page, bits: 16, format: 2 }),
    ];
    for (const bytes of refused) {
      const path = await fileOf(bytes, "values.tif");
      for (const read of [readImage, readMask, pictureFacts])
        await expect(read(path)).rejects.toThrow(
          /values.tif: a TIFF of .* whose black and white are not known; save it with 8/,
        );
    }
  });
});

describe("EXIF orientation", () => {
  /** Which stored pixel comes to (x, y), of a stored picture of w x h (EXIF 2.32, tag 274). */
  const STORED: Readonly<Record<number, (x: number, y: number, w: number, h: number) => [number, number]>> = {
    1: (x, y) => [x, y],
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, _, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, _, h) => [y, h - 1 - x],
    7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
    8: (x, y, w) => [w - 1 - y, x],
  };

  it("turns pictures and masks alike, in every format that has it", async () => {
    const side = fc.integer({ min: 1, max: 9 });
    const cases = fc.record({
      orientation: fc.integer({ min: 1, max: 8 }),
      w: side,
      h: side,
      format: fc.constantFrom("png" as const, "tiff" as const, "webp" as const),
      seed: fc.nat(100),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ orientation, w, h, format, seed }) => {
        const stored = Uint8Array.from({ length: w * h }, (_, i) => ((i * 7 + seed) % 5 < 2 ? 255 : 0));
        const options = { png: {}, webp: { lossless: true }, tiff: { compression: "lzw" } }[format];
        const saved = raw(stored, w, h, 1).withMetadata({ orientation }).toFormat(format, options);
        const path = await fileOf(await saved.toBuffer(), "a.png");
        const [width, height] = orientation > 4 ? [h, w] : [w, h];
        const upright = Array.from({ length: height }, (_, y) =>
          Array.from({ length: width }, (_unused, x) => {
            const [sx, sy] = STORED[orientation](x, y, w, h);
            return stored[sy * w + sx];
          }),
        );
        const image = await readImage(path);
        expect([image.width, image.height]).toEqual([width, height]);
        expect(await greys(path)).toEqual(upright.flat());
        const rows = upright.map((row) => row.map((value) => (value ? "#" : ".")).join(""));
        expect(rowsOf(await readMask(path))).toEqual(rows);
        expect(await pictureFacts(path)).toMatchObject({ width, height });
      }),
      { numRuns: 40 },
    );
  });

  it("turns a JPEG alike", async () => {
    const stored = Uint8Array.from({ length: 16 * 32 }, (_, i) => (i < 256 ? 255 : 0));
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await raw(stored, 16, 32, 1).jpeg().withMetadata({ orientation }).toBuffer();
      const path = await fileOf(bytes, "a.jpg");
      const { data, width, height } = await readImage(path);
      const [sx, sy] = STORED[orientation](2, 2, 16, 32);
      expect([width, height]).toEqual(orientation > 4 ? [32, 16] : [16, 32]);
      expect(data[3 * (2 * width + 2)] > 128).toBe(stored[sy * 16 + sx] > 128);
      expect((await readMask(path)).data[2 * width + 2]).toBe(stored[sy * 16 + sx] ? 1 : 0);
    }
  });
});
