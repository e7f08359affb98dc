import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import { drawPhantom, LOOKS, lookOf, writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import type { Mask } from "@fedbaps/core/image/image.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { resizeMask } from "@fedbaps/core/image/resize.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

/** The largest difference of a channel's mean, in grey levels, between the mask and a ring of about 8 pixels around it. */
function localContrast({ image, mask }: ReturnType<typeof drawPhantom>): number {
  const quarter = (m: Mask) => resizeMask(m, m.width / 4, m.height / 4);
  const grown = resizeMask(dilated(dilated(quarter(mask))), mask.width, mask.height);
  const inside = [0, 0, 0, 0];
  const around = [0, 0, 0, 0];
  for (let i = 0; i < mask.data.length; i++) {
    const sum = mask.data[i] ? inside : grown.data[i] ? around : undefined;
    if (!sum) continue;
    for (let c = 0; c < 3; c++) sum[c] += image.data[i * 3 + c];
    sum[3]++;
  }
  return Math.max(...[0, 1, 2].map((c) => Math.abs(inside[c] / inside[3] - around[c] / around[3])));
}

function dilated(mask: Mask): Mask {
  const { width, height } = mask;
  const data = mask.data.map((v, i) => {
    const x = i % width;
    const beside = (x > 0 && mask.data[i - 1]) || (x < width - 1 && mask.data[i + 1]);
    return v || beside || mask.data[i - width] || mask.data[i + width] ? 1 : 0;
  });
  return { data, width, height };
}

/** Arrays are compared as bytes: a comparison of 60,000 values one by one takes seconds. */
const same = (a: ArrayBufferView, b: ArrayBufferView) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

describe("drawPhantom", () => {
  it("offers at least eight looks of different names", () => {
    expect(new Set(LOOKS.map((look) => look.name)).size).toBe(LOOKS.length);
    expect(LOOKS.length).toBeGreaterThanOrEqual(8);
  });

  it.each(LOOKS.map((look) => [look.name, look] as const))("%s: sound, and hard but not hopeless", (_name, look) => {
    let contrast = 0;
    for (let index = 1; index <= 2; index++) {
      const { image, mask } = drawPhantom({ look, seed: 4, index });
      expect([image.width, image.height, image.channels, mask.width, mask.height]).toEqual([160, 128, 3, 160, 128]);
      expect(image.data.every((value) => value >= 0 && value <= 255 && value % 1 === 0)).toBe(true);
      const area = mask.data.reduce((sum, v) => sum + v, 0) / mask.data.length;
      expect(area).toBeGreaterThan(0.015);
      expect(area).toBeLessThan(0.35);
      contrast += localContrast({ image, mask }) / 2;
    }
    // In grey levels, in the clearest channel: below 8 nothing could bring it out, above 40 nothing need.
    expect(contrast).toBeGreaterThan(8);
    expect(contrast).toBeLessThan(40);
  });

  it("is a function of look, seed and index", () => {
    const [look] = LOOKS;
    const first = drawPhantom({ look, seed: 1, index: 1 });
    const again = drawPhantom({ look, seed: 1, index: 1 });
    expect([same(again.image.data, first.image.data), same(again.mask.data, first.mask.data)]).toEqual([true, true]);
    expect(same(drawPhantom({ look, seed: 2, index: 1 }).mask.data, first.mask.data)).toBe(false);
    expect(same(drawPhantom({ look, seed: 1, index: 2 }).mask.data, first.mask.data)).toBe(false);
  });

  it("draws other sizes", () => {
    for (const look of LOOKS) {
      const { image, mask } = drawPhantom({ look, seed: 1, index: 1, size: { width: 48, height: 64 } });
      expect(image.data).toHaveLength(48 * 64 * 3);
      expect(mask.data.includes(1) && mask.data.includes(0)).toBe(true);
    }
  });
});

describe("writePhantomSite", () => {
  it("writes what drawPhantom draws, without loss, as a folder that opens as a data set", async () => {
    const folder = await temporaryFolder();
    await writePhantomSite(folder, { site: 3, images: 5, seed: 9 });
    expect((await readdir(join(folder, "images"))).sort()[0]).toBe("phantom-0001.png");
    const dataset = await openDataset(folder, { seed: 1 });
    const sample = [...dataset.train, ...dataset.val, ...dataset.test].find(({ id }) => id === 2);
    if (!sample) throw new Error("sample 2 is missing");
    const drawn = drawPhantom({ look: lookOf(3), seed: 9, index: 30_002 });
    const read = await loadSample(sample);
    expect([same(read.image.data, drawn.image.data), same(read.mask.data, drawn.mask.data)]).toEqual([true, true]);
  });

  it("gives sites of the same look different pictures", async () => {
    const folder = await temporaryFolder();
    for (const site of [0, LOOKS.length])
      await writePhantomSite(join(folder, String(site)), { site, images: 1, seed: 9 });
    const read = (site: number) => readMask(join(folder, String(site), "masks", "phantom-0001.png"));
    const masks = [(await read(0)).data, (await read(LOOKS.length)).data];
    expect(lookOf(0)).toBe(lookOf(LOOKS.length));
    expect(same(masks[0], masks[1])).toBe(false);
  });
});
