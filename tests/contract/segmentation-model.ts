// What every black box must do, whatever is behind it. Run by segmentation-model.test.ts on each provider.
import type { Prompt, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf } from "../support/codes.js";
import { largestDifference, rangeOf, sameBits } from "../support/numbers.js";

/** A bright disc on a dark ground, with a little texture. Centre and radius are shares of the shorter side. */
function disc(width: number, height: number, at = { x: 0.3, y: 0.4 }, radius = 0.18): Image {
  const data = new Float32Array(width * height * 3);
  const side = Math.min(width, height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot((x + 0.5) / width - at.x, (y + 0.5) / height - at.y) * side < radius * side;
      const texture = ((x * 7 + y * 13) % 11) - 5;
      for (const level of inside ? [205, 120, 110] : [60, 70, 90]) data[i++] = level + texture;
    }
  return { data, width, height, channels: 3 };
}

const point = (x: number, y: number, label: 0 | 1 = 1) => ({ x, y, label });
const click = (x: number, y: number): Prompt => ({ points: [point(x, y)] });
/** A click at a share of the image's width and height. */
const clickIn = ({ width, height }: Image, x = 0.3, y = 0.4): Prompt => click(x * width, y * height);

export function describeSegmentationModel(name: string, open: () => Promise<SegmentationModel>): void {
  describe(`black box ${name}`, () => {
    let model: SegmentationModel;
    beforeAll(async () => {
      model = await open();
    });
    afterAll(() => model.close());

    const takesBoxes = () => model.description.prompts.includes("box");
    const native = () => disc(model.description.nativeSize.width, model.description.nativeSize.height);

    it("says what it is", () => {
      const { description } = model;
      expect(description.identity).toMatch(/^[0-9a-f]{64}$/);
      expect(description.prompts).toContain("point");
      expect(description.maxBatch).toBeGreaterThanOrEqual(1);
      expect(description.concurrency).toBeGreaterThanOrEqual(1);
      expect(description.inputs.length).toBeGreaterThan(0);
      expect(description.outputs.length).toBeGreaterThan(0);
      expect(["stretch", "longest-side"]).toContain(description.geometry);
      expect(Math.min(description.nativeSize.width, description.nativeSize.height)).toBeGreaterThanOrEqual(1);
    });

    it("answers with one map per image, at that image's own size, in order, in [0, 1]", async () => {
      const { width, height } = model.description.nativeSize;
      const sizes = [
        [width, height],
        [161, 97],
        [33, 210],
        [1, 1],
      ];
      const images = sizes.map(([w, h]) => disc(w, h));
      const maps = await model.segment(
        images,
        images.map((image) => clickIn(image)),
      );
      expect(maps.map((map) => [map.width, map.height, map.data.length])).toEqual(sizes.map(([w, h]) => [w, h, w * h]));
      for (const map of maps) {
        const { least, most } = rangeOf(map.data);
        expect(least).toBeGreaterThanOrEqual(0);
        expect(most).toBeLessThanOrEqual(1);
      }
    });

    it("answers nothing to nothing", async () => {
      expect(await model.segment([], [])).toEqual([]);
    });

    it("gives a batch what it gives each alone, also beyond the largest batch", async () => {
      const count = model.description.maxBatch + 3;
      const images = Array.from({ length: count }, (_, i) => disc(128, 128, { x: 0.25 + 0.05 * i, y: 0.6 - 0.04 * i }));
      const prompts = images.map((image, i) => clickIn(image, 0.25 + 0.05 * i, 0.6 - 0.04 * i));
      const together = await model.segment(images, prompts);
      expect(together).toHaveLength(count);
      for (const i of [0, model.description.maxBatch - 1, model.description.maxBatch, count - 1]) {
        const [alone] = await model.segment([images[i]], [prompts[i]]);
        expect(largestDifference(together[i].data, alone.data)).toBeLessThan(1e-5);
      }
    });

    it("is not disturbed by the longer prompt of another image in the batch", async () => {
      const image = native();
      const { width, height } = image;
      const three: Prompt = {
        points: [
          point(0.3 * width, 0.4 * height),
          point(0.35 * width, 0.42 * height),
          point(0.8 * width, 0.9 * height, 0),
        ],
      };
      const box = { left: 0.1 * width, top: 0.2 * height, right: 0.5 * width, bottom: 0.6 * height };
      // One that takes no boxes gets two clicks instead.
      const other: Prompt = takesBoxes()
        ? { points: [], box }
        : { points: [point(box.left, box.top), point(box.right, box.bottom)] };
      const prompts = [clickIn(image), three, other];
      const together = await model.segment([image, image, image], prompts);
      for (const [i, prompt] of prompts.entries()) {
        const [alone] = await model.segment([image], [prompt]);
        expect(largestDifference(together[i].data, alone.data)).toBeLessThan(1e-5);
      }
      // The other prompts do say something else.
      expect(largestDifference(together[0].data, together[1].data)).toBeGreaterThan(1e-3);
      expect(largestDifference(together[0].data, together[2].data)).toBeGreaterThan(1e-3);
    });

    it("takes a box, alone and with a click, or says that it takes none", async () => {
      const image = disc(150, 110);
      const box = { left: 0.15 * 150, top: 0.2 * 110, right: 0.5 * 150, bottom: 0.7 * 110 };
      const asked = () =>
        model.segment(
          [image, image],
          [
            { points: [], box },
            { ...clickIn(image), box },
          ],
        );
      if (!takesBoxes()) {
        expect(await codeOf(asked)).toBe("BLACKBOX_INPUT");
        return;
      }
      for (const map of await asked()) expect(map.data[Math.round(0.4 * 110) * 150 + 45]).toBeGreaterThan(0.5);
    });

    it("hears a background click", async () => {
      const image = disc(150, 110);
      const { points } = clickIn(image);
      const [plain, corrected] = await model.segment(
        [image, image],
        [{ points }, { points: [...points, point(0.8 * 150, 0.8 * 110, 0)] }],
      );
      expect(largestDifference(plain.data, corrected.data)).toBeGreaterThan(1e-4);
    });

    it("takes a picture of one pixel, of one row, and of 4096 by 40 pixels", async () => {
      const images = [disc(1, 1), disc(57, 1), disc(4096, 40)];
      const maps = await model.segment(
        images,
        images.map(({ width, height }) => click((width - 1) / 2, (height - 1) / 2)),
      );
      expect(maps.map(({ width, height }) => [width, height])).toEqual([
        [1, 1],
        [57, 1],
        [4096, 40],
      ]);
      for (const map of maps) expect(map.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    });

    it("takes a picture of 4096 by 4096 pixels", async () => {
      const image: Image = { data: new Float32Array(4096 * 4096 * 3).fill(90), width: 4096, height: 4096, channels: 3 };
      const [map] = await model.segment([image], [click(4000, 100)]);
      expect([map.width, map.height, map.data.length]).toEqual([4096, 4096, 4096 * 4096]);
    });

    it("refuses a grey picture in one line: it would not know what its one channel means", async () => {
      const grey: Image = { data: new Float32Array(600), width: 30, height: 20, channels: 1 };
      expect(await codeOf(() => model.segment([grey], [click(3, 3)]))).toBe("BLACKBOX_INPUT");
      // Grey in three channels is an ordinary picture.
      const [map] = await model.segment(
        [{ data: new Float32Array(1800).fill(80), width: 30, height: 20, channels: 3 }],
        [click(3, 3)],
      );
      expect([map.width, map.height]).toEqual([30, 20]);
    });

    it("finds the object under the click, and another answer where the click is elsewhere", async () => {
      for (const image of [native(), disc(240, 150)]) {
        const { width, height } = image;
        const [on, off] = await model.segment([image, image], [clickIn(image), clickIn(image, 0.8, 0.8)]);
        const at = (map: { data: Float32Array }, x: number, y: number) =>
          map.data[Math.round(y * height) * width + Math.round(x * width)];
        expect(at(on, 0.3, 0.4)).toBeGreaterThan(0.5);
        expect(at(on, 0.9, 0.9)).toBeLessThan(0.5);
        expect(at(on, 0.3, 0.4) - at(off, 0.3, 0.4)).toBeGreaterThan(0.2);
      }
    });

    it("gives the same bits for the same question, and changes neither image nor prompt", async () => {
      const image = native();
      const before = image.data.slice();
      const prompt = clickIn(image);
      const [first] = await model.segment([image], [prompt]);
      const [second] = await model.segment([image], [structuredClone(prompt)]);
      expect(sameBits(first.data, second.data)).toBe(true);
      expect(sameBits(image.data, before)).toBe(true);
      expect(prompt).toEqual(clickIn(image));
    });

    it("takes clicks up to the image's very edge", async () => {
      const image = disc(40, 30);
      const edges = [click(-0.5, -0.5), click(39.5, 29.5), click(0, 29)];
      expect(await model.segment([image, image, image], edges)).toHaveLength(3);
    });

    it.each<[string, (image: Image) => Prompt]>([
      ["no prompt", () => ({ points: [] })],
      ["a click left of the image", () => click(-0.6, 5)],
      ["a click below the image", ({ height }) => click(5, height)],
      ["a click that is no number", () => click(Number.NaN, 5)],
      ["a box beyond the image", ({ width }) => ({ points: [], box: { left: 0, top: 0, right: width, bottom: 5 } })],
    ])("refuses %s, also when others of the batch are sound", async (_, wrong) => {
      const image = native();
      expect(await codeOf(() => model.segment([image], [wrong(image)]))).toBe("BLACKBOX_INPUT");
      expect(await codeOf(() => model.segment([image, image], [clickIn(image), wrong(image)]))).toBe("BLACKBOX_INPUT");
    });

    it("refuses images and prompts that are not as many", async () => {
      const image = native();
      const prompt = clickIn(image);
      for (const [images, prompts] of [
        [1, 0],
        [0, 1],
        [2, 1],
        [1, 2],
        [model.description.maxBatch, model.description.maxBatch + 1],
      ])
        expect(await codeOf(() => model.segment(new Array(images).fill(image), new Array(prompts).fill(prompt)))).toBe(
          "BLACKBOX_INPUT",
        );
    });

    it("may be closed twice, and then answers no more", async () => {
      const other = await open();
      await other.close();
      await other.close();
      const image = disc(20, 20);
      expect(await codeOf(() => other.segment([image], [clickIn(image)]))).toBe("BLACKBOX_CLOSED");
    });

    it("stops when it is told to", async () => {
      const image = native();
      const asked = model.segment([image], [clickIn(image)], AbortSignal.abort());
      await expect(asked).rejects.toMatchObject({ name: "AbortError" });
      const controller = new AbortController();
      const count = 2 * model.description.maxBatch + 1;
      const long = model.segment(
        new Array(count).fill(image),
        new Array(count).fill(clickIn(image)),
        controller.signal,
      );
      controller.abort();
      await expect(long).rejects.toMatchObject({ name: "AbortError" });
    });
  });
}
