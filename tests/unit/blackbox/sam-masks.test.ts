import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import { chosenMask } from "@fedbaps/core/blackbox/sam/masks.js";
import type { SamSettings } from "@fedbaps/core/blackbox/sam/settings.js";
import type { Tensor, Tensors } from "@fedbaps/core/blackbox/tensor.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { largestDifference } from "../../support/numbers.js";
import { fc } from "../../support/property.js";
import { samDecoder } from "../../support/sam-decoders.js";
import { samEncoder } from "../../support/sam-encoders.js";
import { samVariant, writePair } from "../../support/sam-graphs.js";
import { disc, edgesOf } from "../../support/shapes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { floats, type MaskShapes, openWatched, stubSam } from "../../support/tensor-graphs.js";

removeTemporaryFolders();

const point = (x: number, y: number, label: 0 | 1 = 1) => ({ x, y, label });
const click = (x: number, y: number): Prompt => ({ points: [point(x, y)] });
const box = { left: 2, top: 2, right: 9, bottom: 9 };
const plain = (width: number, height: number): Image => ({
  data: new Float32Array(width * height * 3).fill(100),
  width,
  height,
  channels: 3,
});

/** [1,count,height,width], mask m the number `level(m)` everywhere. */
function flat(count: number, [height, width]: readonly number[], level = (m: number) => m): Tensor {
  const values = Array.from({ length: count }, (_, m) => new Array<number>(width * height).fill(level(m)));
  return floats([1, count, height, width], values.flat());
}
const toProbability = (logit: number) => 1 / (1 + Math.exp(-logit));

describe("chosenMask", () => {
  it("takes the only one, and the best of two or three", () => {
    expect(chosenMask(1, [0.1], 5)).toBe(0);
    expect(chosenMask(3, [0.2, 0.9, 0.5], 2)).toBe(1);
    expect(chosenMask(3, [0.9, 0.2, 0.5], 7)).toBe(0);
    expect(chosenMask(2, [-3, -2], 1)).toBe(1);
  });

  it("of four, the first for several positions, the best of the others for one, as Segment Anything does", () => {
    const scores = [0.99, 0.2, 0.4, 0.3];
    // One click and its padding, or a box.
    expect(chosenMask(4, scores, 2)).toBe(2);
    expect(chosenMask(4, scores, 1)).toBe(2);
    expect(chosenMask(4, [0.1, 0.2, 0.4, 0.3], 3)).toBe(0);
    expect(chosenMask(4, [0.1, 0.2, 0.4, 0.3], 9)).toBe(0);
  });

  it("is what select_masks picks: the largest of iou + (tokens - 2.5) * (1000, 0, 0, 0)", () => {
    const score = fc.double({ min: -1, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(score, score, score, score), fc.integer({ min: 1, max: 9 }), (scores, tokens) => {
        const weighed = scores.map((value, i) => value + (i === 0 ? (tokens - 2.5) * 1000 : 0));
        expect(chosenMask(4, scores, tokens)).toBe(weighed.indexOf(Math.max(...weighed)));
      }),
    );
  });

  it("takes the first where there are no scores, or not as many", () => {
    expect(chosenMask(3, undefined, 2)).toBe(0);
    expect(chosenMask(4, [0.1, 0.9], 2)).toBe(0);
  });
});

describe("which mask becomes the answer", () => {
  /** The logit of the mask that is chosen, mask m being m everywhere. */
  async function chosen(prompt: Prompt, scores: readonly number[], settings: SamSettings = {}): Promise<number> {
    const count = scores.length;
    const outputs: MaskShapes = { low_res_masks: [1, count, 16, 16], iou_predictions: [1, count] };
    const answer = { low_res_masks: flat(count, [16, 16]), iou_predictions: floats([1, count], scores) };
    const { model } = stubSam(() => answer, outputs, { settings });
    const [map] = await model.segment([plain(12, 12)], [prompt]);
    for (const index of scores.keys()) if (Math.abs(map.data[40] - toProbability(index)) < 1e-6) return index;
    return Number.NaN;
  }

  it("follows the prompt's length among four, counting as the graph would", async () => {
    const scores = [0.9, 0.1, 0.2, 0.8];
    expect(await chosen(click(3, 3), scores)).toBe(3);
    expect(await chosen({ points: [point(3, 3), point(8, 8, 0)] }, scores)).toBe(0);
    expect(await chosen({ points: [], box }, scores)).toBe(3);
    expect(await chosen({ points: [point(3, 3)], box }, scores)).toBe(0);
  });

  it("is the best of three whatever the prompt, and the first for MedSAM", async () => {
    const scores = [0.1, 0.8, 0.2];
    expect(await chosen(click(3, 3), scores)).toBe(1);
    expect(await chosen({ points: [point(3, 3), point(5, 5)] }, scores)).toBe(1);
    expect(await chosen({ points: [], box }, scores, { preset: "medsam" })).toBe(0);
  });
});

/** Logits that rise to the right, over a plane of 16 x 16. */
const slope = floats(
  [1, 1, 16, 16],
  Array.from({ length: 256 }, (_, i) => (i % 16) / 4 - 2),
);

describe("two outputs with masks", () => {
  const outputs: MaskShapes = {
    masks: [1, 1, undefined, undefined],
    iou_predictions: [1, 1],
    low_res_masks: [1, 1, 16, 16],
  };
  const score = floats([1, 1], [0.5]);
  /** The graph's own masks have the picture's size and are `own` everywhere, except for one pixel. */
  const answering =
    (lowRes: Tensor, own: number) =>
    ({ orig_im_size }: Tensors): Tensors => {
      const [height, width] = Array.from(orig_im_size.data as Float32Array);
      const masks = flat(1, [height, width], () => own);
      if (width * height > 1) (masks.data as Float32Array)[0] = own + 0.25;
      return { masks, iou_predictions: score, low_res_masks: lowRes };
    };

  it("the low-resolution one is taken, and the other not even asked for again", async () => {
    const { model, decoder } = stubSam(answering(slope, 3), outputs);
    const asked: (readonly string[])[] = [];
    const run = decoder.run.bind(decoder);
    decoder.run = (feeds, names, signal) => {
      asked.push(names);
      return run(feeds, names, signal);
    };
    for (let i = 0; i < 2; i++) {
      const [map] = await model.segment([plain(16, 16)], [click(3, 3)]);
      for (let x = 0; x < 16; x++) expect(map.data[32 + x]).toBeCloseTo(toProbability(x / 4 - 2), 2);
    }
    expect(asked).toEqual([
      ["low_res_masks", "masks", "iou_predictions"],
      ["low_res_masks", "iou_predictions"],
    ]);
  });

  it("a setting turns to the graph's own, or keeps away from it", async () => {
    for (const [masks, expected] of [
      ["image", 3],
      ["low-res", 0],
    ] as const) {
      const { model } = stubSam(answering(flat(1, [16, 16]), 3), outputs, { settings: { masks } });
      for (const [width, height] of [
        [16, 16],
        [7, 31],
      ]) {
        const [map] = await model.segment([plain(width, height)], [click(3, 3)]);
        expect([map.width, map.height]).toEqual([width, height]);
        expect(map.data[60]).toBeCloseTo(toProbability(expected), 6);
      }
    }
  });

  it("one number everywhere is no mask: the graph's own are taken", async () => {
    const { model } = stubSam(answering(flat(1, [16, 16]), 3), outputs);
    for (const [width, height] of [
      [7, 31],
      [16, 16],
    ]) {
      const [map] = await model.segment([plain(width, height)], [click(3, 3)]);
      expect(map.data[60]).toBeCloseTo(toProbability(3), 6);
    }
  });

  it("it does not matter which picture came first: of one pixel, nothing can be told", async () => {
    const junk = stubSam(answering(flat(1, [16, 16]), 3), outputs);
    const [first] = await junk.model.segment([plain(1, 1)], [click(0, 0)]);
    expect(first.data[0]).toBeCloseTo(toProbability(3), 6);
    const [second] = await junk.model.segment([plain(20, 10)], [click(3, 3)]);
    expect(second.data[60]).toBeCloseTo(toProbability(3), 6);

    // A network that finds nothing in its first picture is not junk.
    let lowRes = flat(1, [16, 16], () => -5);
    const own = () => flat(1, [16, 16], () => -5);
    const sound = stubSam(() => ({ masks: own(), iou_predictions: score, low_res_masks: lowRes }), outputs);
    const [nothing] = await sound.model.segment([plain(16, 16)], [click(3, 3)]);
    expect(nothing.data[60]).toBeCloseTo(toProbability(-5), 6);
    lowRes = slope;
    const [found] = await sound.model.segment([plain(16, 16)], [click(3, 3)]);
    expect(found.data[60]).toBeCloseTo(toProbability(12 / 4 - 2), 6);
  });
});

describe("an answer that is no mask", () => {
  const only: MaskShapes = { masks: [] };

  it("of an export that does not know its shapes is read by what comes", async () => {
    const { model } = stubSam(() => ({ masks: slope }), only);
    const [map] = await model.segment([plain(16, 16)], [click(3, 3)]);
    expect(map.data[5]).toBeCloseTo(toProbability(5 / 4 - 2), 6);
  });

  it.each<[string, Tensor]>([
    ["has no rows", floats([1, 1, 0, 16], [])],
    ["is a list of numbers", floats([1, 4], [1, 2, 3, 4])],
    ["has values to spare", floats([1, 1, 16, 16], new Float32Array(300))],
    ["is of whole numbers", { type: "int32", shape: [1, 1, 16, 16], data: new Int32Array(256) }],
  ])("is refused: it %s", async (_, masks) => {
    const { model } = stubSam(() => ({ masks }), only);
    expect(await thrownBy(() => model.segment([plain(16, 16)], [click(3, 3)]))).toMatchObject({
      code: "BLACKBOX_CONTRACT",
      message: expect.stringContaining("masks"),
    });
  });

  it("says nothing of other answers: the next is read afresh", async () => {
    let masks = floats([1, 4], [1, 2, 3, 4]);
    const { model } = stubSam(() => ({ masks }), only);
    expect(await codeOf(() => model.segment([plain(16, 16)], [click(3, 3)]))).toBe("BLACKBOX_CONTRACT");
    masks = slope;
    expect(await model.segment([plain(16, 16)], [click(3, 3)])).toHaveLength(1);
  });
});

describe("exports whose own masks are deformed or missing", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  const centre = { x: 40, y: 100 };
  /** Upright: an export frozen at 3 : 2 would cut it far too low. */
  const upright = disc(127, 211, centre, 20);
  const answer = async (spec: string) => {
    const { model } = await openWatched(spec);
    const [map] = await model.segment([upright], [click(centre.x, centre.y)]);
    await model.close();
    expect([map.width, map.height, map.data.length]).toEqual([127, 211, 127 * 211]);
    return map;
  };

  it("of a frozen shape: the low-resolution masks are right, the graph's own are not", async () => {
    const right = await answer(await samVariant("SAM, normalised pictures").write(folder));
    const frozen = await samVariant("SAM, masks of a frozen shape").write(folder);
    expect(largestDifference((await answer(frozen)).data, right.data)).toBeLessThan(1e-6);
    // What the setting asks for it gets: a disc that is twice as high as it is wide.
    const { left, right: end, top, bottom } = edgesOf(await answer(`${frozen}#masks=image`), { x: 24, y: 150 });
    expect((bottom - top) / (end - left)).toBeGreaterThan(1.5);
  });

  it("sound ones agree with those of low resolution", async () => {
    const spec = await samVariant("SAM, normalised pictures").write(folder);
    const lowRes = edgesOf(await answer(spec), centre);
    const image = edgesOf(await answer(`${spec}#masks=image`), centre);
    for (const edge of ["left", "top", "right", "bottom"] as const)
      expect(Math.abs(lowRes[edge] - image[edge])).toBeLessThan(0.1);
  });

  it("MedSAM: its pictures fill the frame, which the graph's own masks do not know", async () => {
    const spec = await samVariant("MedSAM").write(folder);
    const lowRes = edgesOf(await answer(spec), centre);
    // The masks come to the same where they are asked for, and where there are no others.
    const scored = samDecoder({ lowRes: "scores" });
    const without = await writePair(
      folder,
      samEncoder({ input: "images", trainedOn: "minmax" }),
      scored,
      "preset=medsam",
    );
    for (const other of [`${spec}&masks=image`, without]) {
      const edges = edgesOf(await answer(other), centre);
      for (const edge of ["left", "top", "right", "bottom"] as const)
        expect(Math.abs(lowRes[edge] - edges[edge])).toBeLessThan(0.1);
    }
  });

  it("true and false are no logits: such masks are not asked for, whatever the setting", async () => {
    const spec = await samVariant("SAM 2, Microsoft").write(folder);
    for (const settings of ["", "#masks=image"]) {
      const { model, decoder } = await openWatched(spec + settings);
      await model.segment([upright], [click(centre.x, centre.y)]);
      expect(decoder.asked).toEqual([["low_res_masks", "iou_predictions"]]);
      await model.close();
    }
  });

  it.each(["SAM, constant low-resolution masks", "SAM, scores called low_res_masks", "SAM 2, Microsoft"])(
    "%s: what is of use is found",
    async (name) => {
      const map = await answer(await samVariant(name).write(folder));
      const { left, right, top, bottom } = edgesOf(map, centre);
      for (const [edge, expected] of [
        [left, 20.5],
        [right, 60.5],
        [top, 80.5],
        [bottom, 120.5],
      ])
        expect(Math.abs(edge - expected)).toBeLessThan(0.3);
    },
  );
});
