import type { Sample } from "@fedbaps/core/data/dataset.js";
import { GUIDE_FEATURES, GUIDE_GRID, GUIDE_SIZE, type Guide, type GuideRequest } from "@fedbaps/core/guide/guide.js";
import type { Image, Mask } from "@fedbaps/core/image/image.js";
import { gatherHeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { describe, expect, it } from "@jest/globals";
import { largestDifference, sameBits } from "../../support/numbers.js";

const SCALE = GUIDE_SIZE / GUIDE_GRID;

/** Tells of each place what share of it is bright, and its number. */
function brightnessGuide() {
  const requests: GuideRequest[] = [];
  const look = async (asked: readonly GuideRequest[]) => {
    requests.push(...asked);
    return asked.map(({ image }) => {
      const features = new Float32Array(GUIDE_GRID * GUIDE_GRID * GUIDE_FEATURES);
      const logits = new Float32Array(GUIDE_GRID * GUIDE_GRID);
      for (let place = 0; place < logits.length; place++) {
        const [left, top] = [SCALE * (place % GUIDE_GRID), SCALE * Math.floor(place / GUIDE_GRID)];
        let sum = 0;
        for (let y = top; y < top + SCALE; y++)
          for (let x = left; x < left + SCALE; x++) sum += image.data[3 * (y * GUIDE_SIZE + x)] / 255;
        logits[place] = sum / SCALE ** 2;
        features[place * GUIDE_FEATURES] = logits[place];
        features[place * GUIDE_FEATURES + 1] = place;
      }
      return { logits, features };
    });
  };
  return { guide: { look } as unknown as Guide, requests };
}

const sample = (id: number): Sample => {
  const file = { kind: "picture" as const, path: `${id}.png` };
  return { id, stem: `${id}`, image: file, mask: file };
};
const samples = (count: number) => Array.from({ length: count }, (_, i) => sample(i + 1));

/** A picture that is its mask: a block in one corner, of seven widths. */
const pictures = Array.from({ length: 7 }, (_, kind) => blockOf(40 + kind));
const load = async ({ id }: Sample) => pictures[id % 7];

function blockOf(right: number): { image: Image; mask: Mask } {
  const side = GUIDE_SIZE;
  const inside = (x: number, y: number) => x >= 4 && x < right && y >= 11 && y < 30;
  const data = Uint8Array.from({ length: side * side }, (_, i) => (inside(i % side, Math.floor(i / side)) ? 1 : 0));
  const image = Float32Array.from({ length: 3 * side * side }, (_, i) => 255 * data[Math.floor(i / 3)]);
  return { image: { data: image, width: side, height: side, channels: 3 }, mask: { data, width: side, height: side } };
}

async function gather(count: number, change: { seed?: number; site?: string; signal?: AbortSignal } = {}) {
  const { guide, requests } = brightnessGuide();
  const gathered = await gatherHeadSamples({ guide, train: samples(count), load, seed: 1, site: "a", ...change });
  return { gathered, requests };
}

/** Whether the block lies at the right, and at the bottom, of a picture. */
const mirroredIn = ({ data }: Image) => {
  const at = (x: number, y: number) => data[3 * (y * GUIDE_SIZE + x)] > 0;
  const last = GUIDE_SIZE - 1;
  return [
    [at(20, 20), [false, false]],
    [at(last - 20, 20), [true, false]],
    [at(20, last - 20), [false, true]],
    [at(last - 20, last - 20), [true, true]],
  ].find(([there]) => there)?.[1];
};

describe("what the head learns from", () => {
  it("is the truth of the very places that the guide told of, however the picture is mirrored", async () => {
    const { gathered } = await gather(5);
    const { views, logits, features, truth } = gathered;
    expect(views).toBe(30);
    expect([logits.length, features.length, truth.length]).toEqual([
      views * PLACES,
      views * PLACES * GUIDE_FEATURES,
      views * PLACES,
    ]);
    let objects = 0;
    for (let i = 0; i < truth.length; i++) if (truth[i] > 0) objects++;
    const told = truth.map((_, i) => features[i * GUIDE_FEATURES]);
    expect(largestDifference(truth, told)).toBeLessThan(1e-5);
    expect(sameBits(logits, told)).toBe(true);
    expect(objects).toBeGreaterThan(100);
  });

  it("is of views mirrored each way, the first of an image as it is, each clicked inside its object", async () => {
    const { requests } = await gather(10);
    const ways = requests.map(({ image }) => String(mirroredIn(image)));
    expect(new Set(ways)).toEqual(new Set(["false,false", "true,false", "false,true", "true,true"]));
    for (let first = 0; first < requests.length; first += 6) expect(ways[first]).toBe("false,false");
    for (const { image, point } of requests) expect(image.data[3 * (point.y * GUIDE_SIZE + point.x)]).toBe(255);
    expect(new Set(requests.map(({ point }) => `${point.x},${point.y}`)).size).toBeGreaterThan(50);
  });

  it("keeps other places of every view, none twice", async () => {
    const { gathered } = await gather(2);
    const placesOf = (view: number) =>
      Array.from({ length: PLACES }, (_, p) => gathered.features[(view * PLACES + p) * GUIDE_FEATURES + 1]);
    expect(new Set(placesOf(0)).size).toBe(PLACES);
    expect(placesOf(1)).not.toEqual(placesOf(0));
    const all = new Set(Array.from({ length: gathered.views }, (_, view) => placesOf(view)).flat());
    expect(all.size).toBeGreaterThan(900);
  });

  it.each([
    [1, 6],
    [90, 360],
    [450, 400],
  ])("of %i images is %i views: six of one at most, 400 in all at most", async (images, views) => {
    let looks = 0;
    const places = GUIDE_GRID * GUIDE_GRID;
    const nothing = { logits: new Float32Array(places), features: new Float32Array(places * GUIDE_FEATURES) };
    const look = async (asked: readonly unknown[]) => {
      looks += asked.length;
      return asked.map(() => nothing);
    };
    const guide = { look } as unknown as Guide;
    const gathered = await gatherHeadSamples({ guide, train: samples(images), load, seed: 1, site: "a" });
    expect([gathered.views, looks]).toEqual([views, views]);
  });

  it("is the same bits again, and differs by seed and site", async () => {
    const [base, again, seeded, elsewhere] = [
      await gather(3),
      await gather(3),
      await gather(3, { seed: 2 }),
      await gather(3, { site: "b" }),
    ].map(({ gathered }) => gathered.features);
    expect(sameBits(again, base)).toBe(true);
    expect([sameBits(seeded, base), sameBits(elsewhere, base)]).toEqual([false, false]);
  });

  it("is clicked in the same place of a picture of another size", async () => {
    const { guide, requests } = brightnessGuide();
    // One pixel of 32 x 16: its middle lies in the middle of 4 x 8 pixels of the square.
    const data = new Uint8Array(32 * 16);
    data[5 * 32 + 9] = 1;
    const image: Image = { data: new Float32Array(3 * 32 * 16), width: 32, height: 16, channels: 3 };
    const small = async () => ({ image, mask: { data, width: 32, height: 16 } });
    await gatherHeadSamples({ guide, train: samples(1), load: small, seed: 1, site: "a" });
    expect(requests[0].point).toEqual({ x: 37.5, y: 43.5 });
    const allowed = new Set([37.5, GUIDE_SIZE - 1 - 37.5]);
    expect(requests.every(({ point }) => allowed.has(point.x))).toBe(true);
  });

  it("is not gathered to the end when told to stop", async () => {
    await expect(gather(40, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});
