import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "@fedbaps/core/image/errors.js";
import { readImage, readMask } from "@fedbaps/core/image/read.js";
import { writeMaskPng, writePng } from "@fedbaps/core/image/write.js";
import { describe, expect, it } from "@jest/globals";
import sharp, { type Sharp } from "sharp";
import { maskOf, rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

type Pixels = Uint8Array | Uint16Array;
const raw = (data: Pixels, width: number, height: number, channels: 1 | 3 | 4) =>
  sharp(data, { raw: { width, height, channels } });

async function fails(reading: Promise<unknown>): Promise<ImageError> {
  const error = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ImageError);
  return error as ImageError;
}

describe("readImage", () => {
  it("reads what writePng wrote, rounded and clipped", async () => {
    const path = join(await temporaryFolder(), "a.png");
    const data = Float32Array.from([0, 127.6, 255, -20, 300, 4.4]);
    await writePng(path, { data, width: 2, height: 1, channels: 3 });
    const image = await readImage(path);
    expect([image.width, image.height, image.channels]).toEqual([2, 1, 3]);
    expect(Array.from(image.data)).toEqual([0, 128, 255, 0, 255, 4]);
  });

  it("makes three channels of grey", async () => {
    const path = join(await temporaryFolder(), "grey.png");
    await raw(Uint8Array.from([7, 200]), 2, 1, 1)
      .png()
      .toFile(path);
    expect(Array.from((await readImage(path)).data)).toEqual([7, 7, 7, 200, 200, 200]);
  });

  it("scales 16 bits to 0..255 and keeps the fractions", async () => {
    const path = join(await temporaryFolder(), "deep.png");
    const values = Uint16Array.from([0, 257, 300, 65535]);
    await raw(values, 4, 1, 1).toColourspace("grey16").png().toFile(path);
    const { data } = await readImage(path);
    for (const [i, value] of values.entries()) expect(data[i * 3 + 1]).toBeCloseTo(value / 257, 4);
  });

  it("lays transparency on black", async () => {
    const path = join(await temporaryFolder(), "clear.png");
    await raw(Uint8Array.from([255, 100, 50, 0, 255, 100, 50, 255]), 2, 1, 4)
      .png()
      .toFile(path);
    expect(Array.from((await readImage(path)).data)).toEqual([0, 0, 0, 255, 100, 50]);
  });

  it("turns a photograph upright, its mask alike", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "turned.png");
    // Orientation 6: to be turned clockwise, so the left pixel comes out on top.
    await raw(Uint8Array.from([255, 0, 0, 0, 0, 255]), 2, 1, 3)
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(path);
    const image = await readImage(path);
    expect([image.width, image.height]).toEqual([1, 2]);
    expect(Array.from(image.data)).toEqual([255, 0, 0, 0, 0, 255]);
    const mask = await readMask(path);
    expect([mask.width, mask.height]).toEqual([1, 2]);
  });

  it("reads JPEG", async () => {
    const path = join(await temporaryFolder(), "a.JPG");
    const photo = sharp({ create: { width: 9, height: 5, channels: 3, background: "#c86432" } });
    await photo.jpeg({ quality: 95 }).toFile(path);
    const image = await readImage(path);
    expect([image.width, image.height]).toEqual([9, 5]);
    expect(Math.abs(image.data[0] - 200)).toBeLessThan(4);
  });

  it("refuses what is cut short, no picture, empty, a folder or absent: one line that names the file", async () => {
    const folder = await temporaryFolder();
    const noise = Uint8Array.from({ length: 30000 }, (_, i) => (i * i) % 251);
    const jpeg = await raw(noise, 100, 100, 3).jpeg().toBuffer();
    const png = await raw(noise, 100, 100, 3).png().toBuffer();
    const broken: [string, Uint8Array][] = [
      ["cut.jpg", jpeg.subarray(0, jpeg.length / 2)],
      ["cut.png", png.subarray(0, png.length / 2)],
      ["text.png", Buffer.from("not a picture")],
      ["empty.png", Buffer.alloc(0)],
    ];
    for (const [name, bytes] of broken) await writeFile(join(folder, name), bytes);
    for (const name of [...broken.map(([first]) => first), "absent.png", "."]) {
      const path = join(folder, name);
      for (const read of [readImage, readMask]) {
        const error = await fails(read(path));
        expect(`${name} ${error.code}`).toBe(`${name} IMAGE_UNREADABLE`);
        expect(error.message.startsWith(path)).toBe(true);
        expect(error.message).not.toContain("\n");
      }
    }
  });

  it("refuses a picture of too many pixels before it decodes it", async () => {
    const path = join(await temporaryFolder(), "vast.png");
    // The header alone says 20000 x 20000; the pixels behind it are missing.
    const small = await raw(new Uint8Array(1), 1, 1, 1).png().toBuffer();
    small.writeUInt32BE(20000, 16);
    small.writeUInt32BE(20000, 20);
    const { crc32 } = await import("node:zlib");
    small.writeUInt32BE(crc32(small.subarray(12, 29)), 29);
    await writeFile(path, small);
    expect((await fails(readImage(path))).code).toBe("IMAGE_TOO_LARGE");
  });
});

describe("readMask", () => {
  const read = async (data: Pixels, channels: 1 | 3 | 4, save = (s: Sharp) => s) => {
    const path = join(await temporaryFolder(), "mask.png");
    await save(raw(data, data.length / channels, 1, channels))
      .png()
      .toFile(path);
    return rowsOf(await readMask(path))[0];
  };

  it("takes what lies above half of the range", async () => {
    expect(await read(Uint8Array.from([0, 127, 128, 255]), 1)).toBe("..##");
    const deep = Uint16Array.from([0, 32767, 32768, 65535]);
    expect(await read(deep, 1, (s) => s.toColourspace("grey16"))).toBe("..##");
  });

  it("takes any bright colour, by its strongest channel", async () => {
    expect(await read(Uint8Array.from([255, 0, 0, 0, 0, 200, 90, 90, 90]), 3)).toBe("##.");
  });

  it("takes labels 0 and 1, and 8-bit values in a 16-bit file", async () => {
    expect(await read(Uint8Array.from([0, 1, 1]), 1)).toBe(".##");
    expect(await read(Uint16Array.from([0, 255, 100]), 1, (s) => s.toColourspace("grey16"))).toBe(".#.");
  });

  it("takes transparent as outside", async () => {
    expect(await read(Uint8Array.from([255, 255, 255, 0, 255, 255, 255, 255]), 4)).toBe(".#");
  });

  it("reads what writeMaskPng wrote", async () => {
    const path = join(await temporaryFolder(), "mask.png");
    const mask = maskOf("#..", ".##");
    await writeMaskPng(path, mask);
    expect(rowsOf(await readMask(path))).toEqual(rowsOf(mask));
  });
});

describe("writePng", () => {
  const white = { data: Float32Array.of(255), width: 1, height: 1, channels: 1 as const };

  it("replaces the old file in one step and leaves nothing else behind", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.png");
    await writeFile(path, "old");
    await writePng(path, white);
    expect((await readFile(path)).subarray(1, 4).toString()).toBe("PNG");
    expect(await readdir(folder)).toEqual(["a.png"]);
  });

  it("says so when it cannot, and cleans up", async () => {
    const folder = await temporaryFolder();
    expect((await fails(writePng(join(folder, "absent", "a.png"), white))).code).toBe("IMAGE_UNWRITABLE");
    await writePng(join(folder, "ok.png"), white);
    expect((await fails(writePng(folder, white))).code).toBe("IMAGE_UNWRITABLE");
    expect(await readdir(folder)).toEqual(["ok.png"]);
  });
});
