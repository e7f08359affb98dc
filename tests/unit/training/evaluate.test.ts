import type { PromptPoint } from "@fedbaps/core/blackbox/model.js";
import { type Dataset, openDataset } from "@fedbaps/core/data/dataset.js";
import type { IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { type Answer, type EvaluationInit, evaluate, meanDice } from "@fedbaps/core/training/evaluate.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { FakeModel } from "../../support/black-boxes.js";
import { noisyTheta } from "../../support/cases.js";
import { phantomSite } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let decoder: IpDecoder;
let dataset: Dataset;
beforeAll(async () => {
  decoder = await openDecoder("filter-bank", "wasm");
  dataset = await openDataset(await phantomSite({ images: 12 }), { seed: 1 });
});

function make(change: Partial<EvaluationInit> = {}) {
  const model = new FakeModel();
  const cases = new CaseCache(decoder, model.description, 1e9);
  const clicksOf = (): PromptPoint[] => model.calls.flatMap(({ prompts }) => prompts.map(({ points }) => points[0]));
  return { model, cases, clicksOf, init: { decoder, model, cases, clicks: 2, seed: 1, ...change } };
}

describe("an evaluation", () => {
  it("costs one query per image and click and names the images in their order", async () => {
    const { model, init } = make({ clicks: 3 });
    const samples = [...dataset.train, ...dataset.test];
    const scores = await evaluate(init, samples);
    expect(model.queries).toBe(3 * samples.length);
    expect(scores.map(({ id }) => id)).toEqual(samples.map(({ id }) => id));
  });

  it("gives what masks of everything and of nothing come to, worked from the masks", async () => {
    for (const [probability, everything] of [
      [0.51, true],
      [0.5, false],
    ] as const) {
      const { model, init, cases } = make({ surface: true });
      model.segment = async (images) =>
        images.map(({ width, height }) => ({
          data: new Float32Array(width * height).fill(probability),
          width,
          height,
        }));
      const scores = await evaluate(init, dataset.test);
      for (const [i, { fullMask }] of (await cases.all(dataset.test)).entries()) {
        const inside = fullMask.data.reduce((a, b) => a + b, 0);
        expect(scores[i].dice).toBeCloseTo(everything ? (2 * inside) / (inside + fullMask.data.length) : 0, 12);
        expect(scores[i].iou).toBeCloseTo(everything ? inside / fullMask.data.length : 0, 12);
      }
    }
  });

  it("measures surfaces only when it is asked to", async () => {
    expect((await evaluate(make().init, dataset.val))[0]).not.toHaveProperty("hd95");
    const [score] = await evaluate(make({ surface: true }).init, dataset.val);
    expect(score.hd95).toBeGreaterThan(0);
  });

  it("asks the same clicks for zero-shot and for a decoder, each inside its image's mask", async () => {
    const [plain, prompted] = [make(), make()];
    const zeroShot = await evaluate(plain.init, dataset.test);
    const adapted = await evaluate(prompted.init, dataset.test, noisyTheta(decoder, 1, 1));
    expect(prompted.clicksOf()).toEqual(plain.clicksOf());
    expect(adapted).not.toEqual(zeroShot);
    const subjects = await plain.cases.all(dataset.test);
    for (const [i, { x, y }] of plain.clicksOf().entries()) {
      const { fullMask, image } = subjects[Math.floor(i / 2)];
      const at = (value: number, from: number, to: number) => Math.round(((value + 0.5) * to) / from - 0.5);
      const [column, row] = [at(x, image.width, fullMask.width), at(y, image.height, fullMask.height)];
      expect(fullMask.data[row * fullMask.width + column]).toBe(1);
    }
  });

  it("gives each image the same score whatever others it is measured with", async () => {
    const samples = [...dataset.train, ...dataset.val];
    const { init } = make();
    const all = await evaluate(init, samples);
    for (const [i, sample] of samples.entries()) expect(await evaluate(init, [sample])).toEqual([all[i]]);
    // They are scores of something: no two images have the same.
    expect(new Set(all.map(({ dice }) => dice)).size).toBe(all.length);
  });

  it("draws other clicks with another seed", async () => {
    const [one, other] = [make(), make({ seed: 2 })];
    await evaluate(one.init, dataset.test);
    await evaluate(other.init, dataset.test);
    expect(other.clicksOf()).not.toEqual(one.clicksOf());
  });

  it("of untrained parameters is the zero-shot one, number by number", async () => {
    const untrained = await evaluate(make().init, dataset.test, decoder.initial(1));
    expect(untrained).toEqual(await evaluate(make().init, dataset.test));
  });

  it("shows the answer to the first click of every image at that image's size", async () => {
    const answers: Answer[] = [];
    const { init, clicksOf } = make({ onAnswer: (answer) => answers.push(answer) });
    await evaluate(init, dataset.test);
    expect(answers.map(({ id }) => id)).toEqual(dataset.test.map(({ id }) => id));
    expect(answers.map(({ point }) => point)).toEqual(clicksOf().filter((_, i) => i % 2 === 0));
    for (const { mask } of answers) expect([mask.width, mask.height]).toEqual([160, 128]);
  });
});

it("the mean Dice is the mean over images", () => {
  expect(meanDice([0.25, 0.75].map((dice, id) => ({ id, dice, iou: 0 })))).toBe(0.5);
});
