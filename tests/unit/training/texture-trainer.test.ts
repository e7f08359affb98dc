import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { DECODER_SIZE } from "@fedbaps/core/decoder/ip-decoder.js";
import { TextureDecoder } from "@fedbaps/core/decoder/texture.js";
import { initialTexture, textureLayout, texturesOf, withTextures } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, type Guide } from "@fedbaps/core/guide/guide.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { type OptimizerState, startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-batch.js";
import { type HeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { preset } from "@fedbaps/core/training/presets.js";
import { generationOf, OFFSPRING, searchIn } from "@fedbaps/core/training/texture-search.js";
import { TextureTrainer, type TextureTrainerInit } from "@fedbaps/core/training/texture-trainer.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";
import { codeOf } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const START = initialTexture(1);
/** What the black box reads: +-1, the inside's 12 values, then the outside's. */
const PLANTED = Float32Array.from({ length: 24 }, () => 1);
const signs = new RandomStream(1, "planted");
for (let i = 0; i < 24; i++) PLANTED[i] = signs.below(2) === 1 ? 1 : -1;

/** Goes by texture: probable is what looks more like the planted pair's inside than like its outside. */
function textureReader(): FakeModel {
  const [inside, outside] = [PLANTED.subarray(0, 12), PLANTED.subarray(12)];
  const side = DECODER_SIZE;
  const model = new FakeModel({ nativeSize: { width: side, height: side } });
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
        const p = 1 / (1 + Math.exp(-sum / 16));
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
  viewsOfOne: 1,
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

interface Options extends Partial<TextureTrainerInit> {
  readonly budget?: number;
}

function make({ budget = 1e6, ...change }: Options = {}) {
  const model = textureReader();
  const meter = new QueryMeter(budget, new FakeClock());
  const trainer = new TextureTrainer({
    decoder,
    model: new MeteredModel(model, meter, "train"),
    cases,
    train,
    seed: 1,
    site: "a",
    generationOf: (step) => ({ first: step - (step % 2), last: step - (step % 2) + 1 }),
    // The head has tests of its own.
    trainsHead: () => false,
    ownHead: false,
    samples: async () => samples,
    ...change,
  });
  return { model, meter, trainer, start: startOptimizer(preset("adam", 1).optimizer, START) };
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

const view = (theta: Float32Array, name: string) => textureLayout.view(theta, name);
const head = (theta: Float32Array) => theta.subarray(0, HEAD_LENGTH);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** How many of the values that tell inside from outside have the sign that the black box reads. */
function read(theta: Float32Array): number {
  const [found, wanted] = [texturesOf(theta), PLANTED];
  const telling = Array.from({ length: 12 }, (_, k) => k).filter((k) => wanted[k] !== wanted[12 + k]);
  const right = telling.filter((k) => Math.sign(found[k] - found[12 + k]) === wanted[k]);
  return right.length / telling.length;
}

describe("a step", () => {
  it("shows one picture and click under all candidates, each painted in its own way", async () => {
    const { trainer, start, model, meter } = make();
    await trainer.step(start);
    const images = model.calls.flatMap((call) => call.images);
    const prompts = model.calls.flatMap((call) => call.prompts);
    expect([images.length, meter.state.train]).toEqual([OFFSPRING, OFFSPRING]);
    for (const prompt of prompts) expect(prompt).toEqual(prompts[0]);
    const rows = images.map(({ data }) => data.subarray(0, 2 * 3 * DECODER_SIZE).join());
    expect(new Set(rows).size).toBe(OFFSPRING);
  });

  it("moves the textures alone, paints in full from then on, and leaves the state that it was given", async () => {
    const { trainer, start } = make({ generationOf: (step) => ({ first: step, last: step }) });
    const copy = storedAndRead(start);
    const { state, loss } = await trainer.step(start);
    expect(start).toEqual(copy);
    expect(sameBits(head(state.theta), head(START))).toBe(true);
    expect(texturesOf(state.theta).every((value) => value !== 0)).toBe(true);
    expect([...view(state.theta, "amount")]).toEqual([1, 1]);
    expect(loss).toBeGreaterThan(0);
    expect(loss).toBeLessThan(1);
  });

  it("of a longer generation judges on, on the same picture, and moves nothing until its last", async () => {
    const { trainer, start, model } = make({ generationOf: () => ({ first: 0, last: 2 }) });
    const { state } = await run(trainer, start, 2);
    expect(sameBits(state.theta, START)).toBe(true);
    const { state: moved } = await run(trainer, state, 3);
    expect(texturesOf(moved.theta).every((value) => value !== 0)).toBe(true);
    const prompts = model.calls.flatMap((call) => call.prompts);
    const images = model.calls.flatMap((call) => call.images);
    for (const prompt of prompts) expect(prompt).toEqual(prompts[0]);
    expect(new Set(images.map(({ data }) => data.subarray(0, 2 * 3 * DECODER_SIZE).join())).size).toBe(3 * OFFSPRING);
  });

  it("searches widely from nothing, near to what a cohort has found, and goes on with a step size that it had", async () => {
    const { trainer, start } = make({ generationOf: (step) => ({ first: step, last: step }) });
    expect(searchIn(start).sigma).toBeCloseTo(1.2, 6);
    expect(searchIn({ ...start, theta: withTextures(START, PLANTED) }).sigma).toBe(0.5);
    const { state } = await trainer.step(start);
    // A federated round: the cohort's mean, the site's own path and step size.
    const joined = searchIn({ ...state, theta: withTextures(START, PLANTED) });
    expect([...joined.mean]).toEqual([...PLANTED]);
    expect(joined.sigma).toBe(searchIn(state).sigma);
    expect([...joined.path]).toEqual([...searchIn(state).path]);
    expect(joined.sigma).not.toBeCloseTo(1.2, 6);
  });
});

describe("a run", () => {
  it("finds textures that the black box reads, from its answers alone", async () => {
    const { trainer, start } = make();
    const { state, losses } = await run(trainer, start, 80);
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.1);
    expect(read(state.theta)).toBeGreaterThan(0.8);
    // They do not run away to where tanh is flat.
    expect(Math.hypot(...texturesOf(state.theta)) / Math.sqrt(24)).toBeLessThan(4);
  });

  it("that was cut off goes on to the same bits, also in the middle of a generation", async () => {
    const fresh = () => make({ generationOf: (step) => generationOf(step, [12], true) });
    const whole = await run(fresh().trainer, fresh().start, 6);
    for (const cut of [1, 3, 5]) {
      const half = storedAndRead((await run(fresh().trainer, fresh().start, cut)).state);
      const { state } = await run(fresh().trainer, half, 6);
      expect(sameBits(state.theta, whole.state.theta)).toBe(true);
      expect(state.moments.every((moment, m) => sameBits(moment, whole.state.moments[m]))).toBe(true);
    }
  });

  it("goes another way with another seed, and at another site", async () => {
    const end = async (change: Options) => {
      const { trainer, start } = make(change);
      return (await run(trainer, start, 2)).state.theta;
    };
    const base = await end({});
    expect(sameBits(await end({}), base)).toBe(true);
    expect(sameBits(await end({ seed: 2 }), base)).toBe(false);
    expect(sameBits(await end({ site: "b" }), base)).toBe(false);
  });

  it("gives the head its training where it is told to, and only there, without a query", async () => {
    const asked: number[] = [];
    let step = 0;
    const { trainer, start, model } = make({
      trainsHead: (at) => at === 1,
      samples: async () => {
        asked.push(step);
        return samples;
      },
    });
    const states = [start];
    for (; step < 3; step++) states.push((await trainer.step(states[step])).state);
    expect(asked).toEqual([1]);
    const same = states.slice(1).map(({ theta }, i) => sameBits(head(theta), head(states[i].theta)));
    expect(same).toEqual([true, false, true]);
    expect(model.queries).toBe(3 * OFFSPRING);
  });

  it("beyond the budget is refused before it asks anything, and the state can be kept", async () => {
    const { trainer, start, model } = make({ budget: 15 });
    const { state } = await trainer.step(start);
    const copy = storedAndRead(state);
    expect(await codeOf(() => trainer.step(state))).toBe("BUDGET_EXHAUSTED");
    expect([model.queries, state]).toEqual([OFFSPRING, copy]);
  });

  it("whose black box answers with what is no number is refused", async () => {
    const { trainer, start, model } = make();
    const segment = model.segment.bind(model);
    model.segment = async (...question) => {
      const maps = await segment(...question);
      maps[3].data.fill(Number.NaN);
      return maps;
    };
    expect(await codeOf(() => trainer.step(start))).toBe("LOSS_NOT_FINITE");
  });

  it("stops when it is told to", async () => {
    const { trainer, start, model } = make();
    await expect(trainer.step(start, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    expect(model.queries).toBe(0);
  });
});
