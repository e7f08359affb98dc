import { join } from "node:path";
import { loadSample, type Sample } from "@fedbaps/core/data/dataset.js";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import { filterBankLayout } from "@fedbaps/core/decoder/filter-bank-layout.js";
import { DECODER_SIZE, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { resizeImage, resizeMask } from "@fedbaps/core/image/resize.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const SIZE = { nativeSize: { width: 8, height: 6 }, geometry: "stretch" as const };
const FEATURES = 1000;
/** Image 8 x 6 x 3 float32, its mask, the mask as read (160 x 128), the features. */
const CASE_BYTES = 8 * 6 * 3 * 4 + 8 * 6 + 160 * 128 + FEATURES;
/** The newest so many stay in any case: a step may be using them. */
const NEWEST = 64;

/** A decoder that only counts what it prepared and what of it is still held. */
function countingDecoder() {
  const prepared: Image[] = [];
  const held = new Set<number>();
  const decoder: IpDecoder = {
    kind: "filter-bank",
    layout: filterBankLayout,
    initial: () => new Float32Array(filterBankLayout.length),
    draw: async () => [],
    prepare(image) {
      const number = prepared.push(image);
      held.add(number);
      return {
        bytes: FEATURES,
        dispose() {
          if (!held.delete(number)) throw new Error(`disposed of ${number} twice`);
        },
      };
    },
  };
  return { decoder, prepared, held };
}

let file: Sample;
beforeAll(async () => {
  const folder = await temporaryFolder();
  await writePhantomSite(folder, { site: 0, images: 1, seed: 1 });
  const picture = (part: string) => ({ kind: "picture" as const, path: join(folder, part, "phantom-0001.png") });
  file = { id: 1, stem: "phantom-0001", image: picture("images"), mask: picture("masks") };
});
const sample = (id: number): Sample => ({ ...file, id });
const samples = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => sample(from + i));

describe("the cache of cases", () => {
  it("makes a case ready at the black box's size and at the decoder's", async () => {
    const { decoder, prepared } = countingDecoder();
    const { image, mask } = await loadSample(file);
    const made = await new CaseCache(decoder, SIZE, 1e9).get(sample(3));
    expect(made.id).toBe(3);
    expect(sameBits(made.image.data, resizeImage(image, 8, 6).data)).toBe(true);
    expect(sameBits(made.mask.data, resizeMask(mask, 8, 6).data)).toBe(true);
    expect(sameBits(made.fullMask.data, mask.data)).toBe(true);
    expect([prepared[0].width, prepared[0].height]).toEqual([DECODER_SIZE, DECODER_SIZE]);
  });

  it("runs the frozen encoder once per image as long as all fit", async () => {
    const { decoder, prepared, held } = countingDecoder();
    const cache = new CaseCache(decoder, SIZE, 5 * CASE_BYTES);
    const first = await cache.all(samples(1, 5));
    const again = await cache.all(samples(1, 5));
    expect([prepared.length, held.size]).toEqual([5, 5]);
    expect(again.every((value, i) => value === first[i])).toBe(true);
  });

  it("keeps its limit by dropping what was used longest ago, and lets go of its features", async () => {
    const { decoder, prepared, held } = countingDecoder();
    const room = NEWEST + 3;
    const cache = new CaseCache(decoder, SIZE, room * CASE_BYTES + CASE_BYTES / 2);
    await cache.all(samples(1, room));
    expect(held.size).toBe(room);
    await cache.get(sample(1));
    await cache.all(samples(101, 102));
    expect(held.size).toBe(room);
    // 1 was used again; 2 and 3 were not.
    expect([held.has(1), held.has(2), held.has(3), held.has(4)]).toEqual([true, false, false, true]);
    await cache.get(sample(1));
    expect(prepared).toHaveLength(room + 2);
    await cache.get(sample(2));
    expect(prepared).toHaveLength(room + 3);
  });

  it("never drops the newest few, however small the limit: a step is using them", async () => {
    const { decoder, held } = countingDecoder();
    const cache = new CaseCache(decoder, SIZE, 1);
    await cache.all(samples(1, NEWEST + 6));
    expect(held.size).toBe(NEWEST);
    expect([...held]).toEqual(Array.from({ length: NEWEST }, (_, i) => i + 7));
  });

  it("lets go of everything when it is cleared, and may be used again", async () => {
    const { decoder, prepared, held } = countingDecoder();
    const cache = new CaseCache(decoder, SIZE, 1e9);
    await cache.all(samples(1, 3));
    cache.clear();
    expect(held.size).toBe(0);
    await cache.get(sample(1));
    expect([prepared.length, held.size]).toEqual([4, 1]);
  });

  it("holds nothing of a picture that cannot be read", async () => {
    const { decoder, prepared } = countingDecoder();
    const cache = new CaseCache(decoder, SIZE, 1e9);
    const missing = { ...sample(1), image: { kind: "picture" as const, path: `${file.image.path}.gone` } };
    expect(typeof (await codeOf(() => cache.get(missing)))).toBe("string");
    expect(prepared).toHaveLength(0);
    await cache.get(sample(1));
    expect(prepared).toHaveLength(1);
  });
});
