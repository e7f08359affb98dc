import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ImageError } from "@fedbaps/core/image/errors.js";
import { openVolume } from "@fedbaps/core/nifti/volume.js";
import { describe, expect, it } from "@jest/globals";
import { niftiBytes } from "../../support/nifti.js";
import { niftiFile } from "../../support/nifti-file.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

async function refusal(bytes: Uint8Array): Promise<ImageError> {
  const path = join(await temporaryFolder(), "v.nii");
  await writeFile(path, bytes);
  const error = await openVolume(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImageError);
  const { message } = error as ImageError;
  expect(message.startsWith(`${path}: `)).toBe(true);
  expect(message).toContain("; ");
  expect(message).not.toContain("\n");
  return error as ImageError;
}

// No period: what a compressed volume of it is cut to is shorter than the whole.
const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 7 + (i * i * i) / 251) % 251);
const content = { shape: [16, 16, 16], values: noise, type: "uint8" };
const good = niftiBytes(content);

describe("a damaged volume is refused in one line", () => {
  it("cut short anywhere, compressed or not", async () => {
    const packed = gzipSync(good);
    for (const bytes of [good, packed])
      for (const length of [1, 3, 100, 347, 351, 400, bytes.length - 1])
        expect((await refusal(bytes.subarray(0, length))).code).toBe("IMAGE_UNREADABLE");
  });

  it("of a wrong checksum", async () => {
    const packed = gzipSync(good);
    packed[packed.length - 6] ^= 1;
    expect((await refusal(packed)).message).toContain("damaged or cut short");
  });

  it("empty, of zeros, of text, or something else that is compressed", async () => {
    expect((await refusal(Buffer.alloc(0))).message).toContain("the file is empty");
    for (const bytes of [Buffer.alloc(5000), Buffer.from("not a volume"), gzipSync("not a volume"), gzipSync("")])
      expect((await refusal(bytes)).code).toBe("IMAGE_UNREADABLE");
  });

  it("of ANALYZE, half of a pair under another name, or of no format known", async () => {
    const magic = (text: string) => niftiBytes({ ...content, fields: { magic: text } });
    expect((await refusal(magic("\0\0\0\0"))).message).toMatch(/ANALYZE 7.5 .*left and right.*; convert it to NIfTI/);
    expect((await refusal(magic("ni1\0"))).message).toContain("the header of a pair (.hdr and .img); give it its name");
    expect((await refusal(magic("xyz\0"))).message).toContain("magic number");
  });

  it("of a shape that makes no sense, of several volumes, of complex numbers", async () => {
    for (const dim of [
      [0, 16, 16, 16],
      [9, 16, 16, 16],
      [3, 0, 16, 16],
      [3, -5, 16, 16],
      [4, 16, 16, 16, 0],
    ])
      expect((await refusal(niftiBytes({ ...content, fields: { dim } }))).message).toContain("make no sense");
    expect((await refusal(niftiBytes({ ...content, fields: { dim: [4, 8, 16, 16, 2] } }))).message).toContain(
      "4 dimensions (8 x 16 x 16 x 2), where one volume of three is expected; save the volume",
    );
    const complex = niftiBytes({ shape: [2, 2, 2], values: new Uint8Array(8), type: "complex64" });
    expect((await refusal(complex)).message).toContain("complex voxels (complex64) are not read; save it as");
    for (const datatype of [0, 1, 1792, 77])
      expect((await refusal(niftiBytes({ ...content, fields: { datatype } }))).message).toContain("not read");
  });

  it("that announces more than it can hold, before memory is taken for it", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const vast = niftiBytes({ ...content, fields: { dim: [3, 1200, 1200, 1200] } });
    expect((await refusal(vast)).message).toContain(
      "cut short: the header announces 1200 x 1200 x 1200 voxels of uint8",
    );
    expect((await refusal(gzipSync(vast))).message).toContain("compressed bytes cannot hold");
    const absurd = niftiBytes({ ...content, fields: { dim: [3, 32767, 32767, 32767] } });
    expect((await refusal(absurd)).code).toBe("IMAGE_TOO_LARGE");
    const wide = niftiBytes({ ...content, version: 2, fields: { dim: [3, 2 ** 40, 2 ** 40, 1] } });
    expect((await refusal(wide)).code).toBe("IMAGE_TOO_LARGE");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });

  it("whose voxels begin nowhere, or whose intercept is no number", async () => {
    for (const vox_offset of [-1, 100, 352.5, Number.NaN, 1e9])
      expect((await refusal(niftiBytes({ ...content, fields: { vox_offset } }))).code).toBe("IMAGE_UNREADABLE");
    const fields = { scl_slope: 2, scl_inter: Number.NaN };
    expect((await refusal(niftiBytes({ ...content, fields }))).message).toContain("scl_inter");
  });

  it("with any bytes of its header changed: read or refused, nothing else", async () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 351 }), fc.integer({ min: 0, max: 255 }));
    const path = join(await temporaryFolder(), "v.nii");
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.boolean(), async (changes, packed) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await writeFile(path, packed ? gzipSync(bytes) : bytes);
        const outcome = await openVolume(path).catch((thrown: unknown) => thrown);
        expect(outcome instanceof ImageError || "voxels" in (outcome as object)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

describe("what is odd but whole is read", () => {
  it("a fourth dimension of one, two dimensions, fields of dimensions that do not count, no offset", async () => {
    const shape = async (fields: Record<string, number | number[]>) =>
      (await openVolume(await niftiFile({ ...content, fields }))).shape;
    expect(await shape({ dim: [4, 16, 16, 16, 1] })).toEqual([16, 16, 16]);
    expect(await shape({ dim: [3, 16, 16, 16, 0, 0, 0, -1] })).toEqual([16, 16, 16]);
    expect(await shape({ dim: [2, 64, 64, 0] })).toEqual([64, 64, 1]);
    expect(await shape({ vox_offset: 0 })).toEqual([16, 16, 16]);
  });

  it("a bomb behind the voxels is not unpacked", async () => {
    const path = join(await temporaryFolder(), "v.nii.gz");
    await writeFile(path, gzipSync(Buffer.concat([good, Buffer.alloc(200_000_000)]), { level: 1 }));
    const started = process.memoryUsage().rss;
    expect((await openVolume(path)).shape).toEqual([16, 16, 16]);
    expect(process.memoryUsage().rss - started).toBeLessThan(100e6);
  });

  it("a file that was replaced is read again, one that was not stays in memory", async () => {
    const path = await niftiFile(content);
    const first = await openVolume(path);
    expect(await openVolume(path)).toBe(first);
    await writeFile(path, niftiBytes({ shape: [1, 1, 2], values: [1, 2] }));
    expect((await openVolume(path)).shape).toEqual([1, 1, 2]);
  });

  it("is read once when several slices are asked for at the same time", async () => {
    const path = await niftiFile(content);
    const [a, b] = await Promise.all([openVolume(path), openVolume(path)]);
    expect(a).toBe(b);
  });
});

it("says so when there is no such file, or a folder", async () => {
  await expect(openVolume("/absent/v.nii")).rejects.toThrow("/absent/v.nii: no such file; check the path");
  const folder = await temporaryFolder();
  await expect(openVolume(folder)).rejects.toThrow(`${folder}: not a file`);
});
