import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { DECODER_SIZE } from "@fedbaps/core/decoder/ip-decoder.js";
import { TextureDecoder } from "@fedbaps/core/decoder/texture.js";
import { candidatePairs, electedCandidate, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, type Guide } from "@fedbaps/core/guide/guide.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { type OptimizerState, startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { type HeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-training.js";
import { preset } from "@fedbaps/core/training/presets.js";
import { TextureTrainer, type TextureTrainerInit } from "@fedbaps/core/training/texture-trainer.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";
import { codeOf } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const PLANTED = 17;
const OPENING = 14;

/** Goes by texture: probable is what looks more like the planted pair's inside than like its outside. */
function textureReader(): FakeModel {
  const side = DECODER_SIZE;
  const model = new FakeModel({ nativeSize: { width: side, height: side } });
  const { inside, outside } = candidatePairs[PLANTED];
  const weights = inside.map((value, k) => Math.sign(value) - Math.sign(outside[k]));
  const read = ({ data }: Image): ProbabilityMap => {
    const out = new Float32Array(side * side);
    for (let y = 0; y < side; y += 2)
      for (let x = 0; x < side; x += 2) {
        let sum = 0;
        for (let k = 0; k < 12; k++) {
          const [c, dy, dx] = [k >> 2, (k >> 1) & 1, k & 1];
          sum += weights[k] * (data[3 * ((y + dy) * side + x + dx) + c] / 127.5 - 1);
        }
        const p = 1 / (1 + Math.exp(-sum / 4));
        for (const at of [y * side + x, y * side + x + 1, (y + 1) * side + x, (y + 1) * side + x + 1]) out[at] = p;
      }
    return { data: out, width: side, height: side };
  };
  const segment = model.segment.bind(model);
  model.segment = async (images, ...rest) => {
    await segment(images, ...rest);
    return images.map(read);
  };
  return model;
}

const blind = {
  look: async (requests: readonly unknown[]) => {
    if (requests.length > 0) throw new Error("a taught decoder asks no guide");
    return [];
  },
} as unknown as Guide;
const decoder = new TextureDecoder(blind);
const samples: HeadSamples = {
  views: 1,
  logits: new Float32Array(PLACES),
  features: new Float32Array(PLACES * GUIDE_FEATURES).fill(0.5),
  truth: new Float32Array(PLACES).fill(1),
};

let train: readonly Sample[];
let cases: CaseCache;
beforeAll(async () => {
  ({ train } = await openDataset(await phantomSite(), { seed: 1 }));
  cases = new CaseCache(decoder, textureReader().description, 1e9);
});

function make(change: Partial<TextureTrainerInit> = {}, budget = 1e6) {
  const model = textureReader();
  const meter = new QueryMeter(budget, new FakeClock());
  const settings = preset("adam", 20, "texture");
  const trainer = new TextureTrainer({
    decoder,
    model: new MeteredModel(model, meter, "train"),
    cases,
    train,
    preset: settings,
    seed: 1,
    site: "a",
    opening: OPENING,
    // The head has tests of its own.
    begins: () => false,
    samples: async () => samples,
    ...change,
  });
  return { model, meter, trainer, start: startOptimizer(settings.optimizer, decoder.initial(1)) };
}

async function run(trainer: TextureTrainer, from: OptimizerState, to: number) {
  let state = from;
  const losses: number[] = [];
  while (state.step < to) {
    const next = await trainer.step(state);
    losses.push(next.loss);
    state = next.state;
  }
  return { state, losses };
}

const view = (theta: Float32Array, name: string) => [...textureLayout.view(theta, name)];
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("the poll", () => {
  it("finds the pair that the black box reads, with eight queries a step, and lets it paint in full", async () => {
    const { trainer, start, model, meter } = make();
    const before = await run(trainer, start, OPENING - 1);
    expect(view(before.state.theta, "amount")).toEqual([0, 0]);
    const { state } = await run(trainer, before.state, OPENING);
    expect(electedCandidate(state.theta)).toBe(PLANTED);
    expect(view(state.theta, "amount")).toEqual([1, 1]);
    expect([model.queries, meter.state.train]).toEqual([8 * OPENING, 8 * OPENING]);
    // Nothing else has moved.
    for (const name of ["head.weight", "head.out", "texture.inside", "texture.outside"])
      expect(view(state.theta, name)).toEqual(view(start.theta, name));
    expect(before.losses.every((loss) => loss > 0 && loss < 1)).toBe(true);
  });

  it("shows all candidates of a step the same picture and click, each painted in its own way", async () => {
    const { trainer, start, model } = make();
    await trainer.step(start);
    const [{ images, prompts }, ...more] = model.calls;
    expect([images.length, more.length]).toEqual([8, 0]);
    for (const prompt of prompts) expect(prompt).toEqual(prompts[0]);
    const rows = images.map(({ data }) => data.subarray(0, 2 * 3 * DECODER_SIZE).join());
    expect(new Set(rows).size).toBe(8);
  });
});

describe("a step after the poll", () => {
  /** As the poll leaves it, with the planted pair elected. */
  const polled = (start: OptimizerState): OptimizerState => {
    const theta = start.theta.slice();
    textureLayout.view(theta, "poll.score")[PLANTED] = 0.8;
    textureLayout.view(theta, "amount").fill(1);
    return { ...start, step: OPENING, theta };
  };

  it("moves the two textures and nothing else, with eight queries", async () => {
    const { trainer, start, model } = make();
    const before = polled(start);
    const { state } = await run(trainer, before, OPENING + 2);
    expect(model.queries).toBe(16);
    const first = textureLayout.entry("texture.inside").offset;
    const end = textureLayout.entry("amount").offset;
    const moved = (after: Float32Array, from: Float32Array) =>
      [...after.keys()].filter((i) => after[i] !== from[i]).every((i) => i >= first && i < end);
    expect(moved(state.theta, before.theta)).toBe(true);
    expect(state.moments.every((moment, m) => moved(moment, before.moments[m]))).toBe(true);
    expect(state.theta.subarray(first, end).every((value) => value !== 0)).toBe(true);
  });

  it("shows both sides of a direction the same picture, and each direction one of its own", async () => {
    const { trainer, start, model } = make();
    await trainer.step(polled(start));
    const clicks = model.calls[0].prompts.map(({ points: [{ x, y }] }) => `${x},${y}`);
    for (let i = 0; i < 8; i += 2) expect(clicks[i + 1]).toBe(clicks[i]);
    expect(new Set(clicks).size).toBe(4);
  });

  it("lowers the loss, as steps add up", async () => {
    const { trainer, start } = make();
    const { losses } = await run(trainer, polled(start), OPENING + 20);
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.01);
  });
});

describe("a run", () => {
  it("that was cut off in the poll or after it goes on to the same bits", async () => {
    const opening = 3;
    const fresh = () => make({ opening });
    const whole = await run(fresh().trainer, fresh().start, 6);
    for (const cut of [2, 3, 4]) {
      const half = storedAndRead((await run(fresh().trainer, fresh().start, cut)).state);
      const { state } = await run(fresh().trainer, half, 6);
      expect(sameBits(state.theta, whole.state.theta)).toBe(true);
      expect(state.moments.every((moment, m) => sameBits(moment, whole.state.moments[m]))).toBe(true);
    }
  });

  it("goes another way with another seed, and at another site", async () => {
    const end = async (change: Partial<TextureTrainerInit>) => {
      const { trainer, start } = make({ opening: 1, ...change });
      return (await run(trainer, start, 2)).state.theta;
    };
    const base = await end({});
    expect(sameBits(await end({}), base)).toBe(true);
    expect(sameBits(await end({ seed: 2 }), base)).toBe(false);
    expect(sameBits(await end({ site: "b" }), base)).toBe(false);
  });

  it("gives the head its training where a part begins, and only there, without a query", async () => {
    const asked: number[] = [];
    let step = 0;
    const { trainer, start, model } = make({
      opening: 1,
      begins: (at) => at === 1,
      samples: async () => {
        asked.push(step);
        return samples;
      },
    });
    const head = (theta: Float32Array) => theta.subarray(0, HEAD_LENGTH);
    const states = [start];
    for (; step < 3; step++) states.push((await trainer.step(states[step])).state);
    expect(asked).toEqual([1]);
    const same = states.slice(1).map(({ theta }, i) => sameBits(head(theta), head(states[i].theta)));
    expect(same).toEqual([true, false, true]);
    expect(model.queries).toBe(3 * 8);
  });

  it("beyond the budget is refused before it asks anything, in the poll and after it", async () => {
    const { trainer, start, model } = make({ opening: 1 }, 15);
    const { state } = await trainer.step(start);
    expect(await codeOf(() => trainer.step(state))).toBe("BUDGET_EXHAUSTED");
    expect(model.queries).toBe(8);
    expect(await codeOf(() => make({}, 7).trainer.step(start))).toBe("BUDGET_EXHAUSTED");
  });

  it("stops when it is told to", async () => {
    const { trainer, start, model } = make();
    await expect(trainer.step(start, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    expect(model.queries).toBe(0);
  });
});
