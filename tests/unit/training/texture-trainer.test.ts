import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { DECODER_SIZE } from "@fedbaps/core/decoder/ip-decoder.js";
import { TextureDecoder } from "@fedbaps/core/decoder/texture.js";
import {
  candidatePair,
  pollNumber,
  sharedCandidate,
  type TexturePair,
  texturesInUse,
  withTextures,
} from "@fedbaps/core/decoder/texture-candidates.js";
import { CANDIDATES, initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, type Guide } from "@fedbaps/core/guide/guide.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { resizeMask } from "@fedbaps/core/image/resize.js";
import { type OptimizerState, startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseDraws } from "@fedbaps/core/training/case-draws.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { type HeadSamples, PLACES } from "@fedbaps/core/training/head-samples.js";
import { HEAD_LENGTH } from "@fedbaps/core/training/head-training.js";
import { preset } from "@fedbaps/core/training/presets.js";
import { segmentPrompted } from "@fedbaps/core/training/prompted-model.js";
import { type Poll, sharedPoll, standing } from "@fedbaps/core/training/texture-poll.js";
import { TextureTrainer, type TextureTrainerInit } from "@fedbaps/core/training/texture-trainer.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";
import { codeOf } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const OPENING = 14;
const START = initialTexture(1);
/** The candidate whose textures differ most, among those that stand in a poll of so many steps: it is the easiest to read. */
function clearest(pairOf: (index: number) => TexturePair): { planted: TexturePair; index: number } {
  const contrast = ({ inside, outside }: TexturePair) => inside.filter((value, k) => value !== outside[k]).length;
  const pairs = Array.from({ length: standing(OPENING) }, (_, index) => pairOf(index));
  const index = pairs.map(contrast).indexOf(Math.max(...pairs.map(contrast)));
  return { planted: pairs[index], index };
}
const { planted: OWN } = clearest((index) => candidatePair(START, index, "own", 1, "a", 0));
const { planted: SHARED, index: SHARED_INDEX } = clearest((index) => sharedCandidate(START, index, 1));

/** Goes by texture: probable is what looks more like the planted pair's inside than like its outside. */
function textureReader({ inside, outside }: TexturePair): FakeModel {
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
  cases = new CaseCache(decoder, textureReader(OWN).description, 1e9);
});

interface Options extends Partial<TextureTrainerInit> {
  readonly planted?: TexturePair;
  readonly budget?: number;
}

function make({ planted = OWN, budget = 1e6, ...change }: Options = {}) {
  const model = textureReader(planted);
  const meter = new QueryMeter(budget, new FakeClock());
  const trainer = new TextureTrainer({
    decoder,
    model: new MeteredModel(model, meter, "train"),
    cases,
    train,
    seed: 1,
    site: "a",
    pollOf: own(OPENING),
    // The head has tests of its own.
    trainsHead: () => false,
    ownHead: false,
    samples: async () => samples,
    ...change,
  });
  return { model, meter, trainer, start: startOptimizer(preset("adam", 1).optimizer, START) };
}

/** A poll of so many steps first, then others of four. */
const own =
  (opening: number) =>
  (step: number): Poll => {
    if (step < opening) return { first: 0, steps: opening, shared: false };
    return { first: opening + 4 * Math.floor((step - opening) / 4), steps: 4, shared: false };
  };

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

describe("a site's own poll", () => {
  it("adopts the pair that the black box reads, with eight queries a step, and paints in full then", async () => {
    const { trainer, start, model, meter } = make();
    const { state: before, losses } = await run(trainer, start, OPENING - 1);
    // Nothing is painted, and nothing has moved, until the poll is over.
    expect(sameBits(before.theta, start.theta)).toBe(true);
    const { state } = await run(trainer, before, OPENING);
    expect(texturesInUse(state.theta)).toEqual(OWN);
    expect(sameBits(state.theta, withTextures(start.theta, OWN))).toBe(true);
    expect([model.queries, meter.state.train]).toEqual([8 * OPENING, 8 * OPENING]);
    expect(losses.every((loss) => loss > 0 && loss < 1)).toBe(true);
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

  it("after the first is among changes of its winner, and lowers the loss from poll to poll", async () => {
    const wrong = candidatePair(START, 3, "own", 1, "a", 0);
    const { trainer, start, model } = make({ pollOf: own(0) });
    const from = { ...start, theta: withTextures(start.theta, wrong) };
    await trainer.step(from);
    // Candidate 0 is the winner itself, and stands again: it cannot be lost to a worse one.
    const [shown] = model.calls[0].images;
    const alone = new FakeModel({ nativeSize: model.description.nativeSize });
    await segmentPrompted(alone, decoder, [await taughtQuery(from, 0)]);
    expect(sameBits(shown.data, alone.calls[0].images[0].data)).toBe(true);
    const { losses } = await run(trainer, from, 24);
    expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)) - 0.02);
  });
});

describe("a shared poll", () => {
  const ROUNDS = [OPENING, OPENING + 2];
  const shared = { planted: SHARED, pollOf: (step: number) => sharedPoll(step, ROUNDS) };

  it("leaves its scores, whose best is the pair that the black box reads; the next round begins with that", async () => {
    const { trainer, start } = make(shared);
    const { state } = await run(trainer, start, OPENING);
    expect(pollNumber(state.theta)).toBe(1);
    expect([...view(state.theta, "amount")]).toEqual([1, 1]);
    expect(view(state.theta, "texture.inside").every((value) => value === 0)).toBe(true);
    expect(view(state.theta, "poll.score").indexOf(Math.max(...view(state.theta, "poll.score")))).toBe(SHARED_INDEX);
    expect(texturesInUse(state.theta)).toEqual(SHARED);
    const next = await run(trainer, state, OPENING + 1);
    expect(pollNumber(next.state.theta)).toBe(2);
    expect(sameBits(view(next.state.theta, "texture.inside"), SHARED.inside)).toBe(true);
    expect(view(next.state.theta, "poll.score").every((score) => score === 0)).toBe(true);
  });

  it("judges the same pairs at every site, on pictures of its own; the mean of the scores elects", async () => {
    const sites = ["a", "b"].map((site) => make({ ...shared, site }));
    const ends: Float32Array[] = [];
    for (const { trainer, start } of sites) ends.push((await run(trainer, start, OPENING)).state.theta);
    const clicks = sites.map(({ model }) => model.calls.map(({ prompts }) => prompts[0].points[0]));
    expect(clicks[0]).not.toEqual(clicks[1]);
    const average = ends[0].map((value, i) => (value + ends[1][i]) / 2);
    expect(texturesInUse(average)).toEqual(SHARED);
    // What one site alone prefers does not decide.
    const other = (SHARED_INDEX + 1) % CANDIDATES;
    view(ends[0], "poll.score")[other] = 1;
    view(ends[1], "poll.score")[other] = 0.3;
    expect(texturesInUse(ends[0])).toEqual(sharedCandidate(START, other, 1));
    expect(texturesInUse(ends[0].map((value, i) => (value + ends[1][i]) / 2))).toEqual(SHARED);
  });
});

describe("a run", () => {
  it.each([
    ["own polls", own(5)],
    ["shared polls", (step: number) => sharedPoll(step, [5, 9])],
  ])("of %s that was cut off goes on to the same bits", async (_, pollOf) => {
    const fresh = () => make({ pollOf });
    const whole = await run(fresh().trainer, fresh().start, 9);
    for (const cut of [3, 5, 7]) {
      const half = storedAndRead((await run(fresh().trainer, fresh().start, cut)).state);
      const { state } = await run(fresh().trainer, half, 9);
      expect(sameBits(state.theta, whole.state.theta)).toBe(true);
      expect(state.moments.every((moment, m) => sameBits(moment, whole.state.moments[m]))).toBe(true);
    }
  });

  it("goes another way with another seed, and at another site", async () => {
    const end = async (change: Options) => {
      const { trainer, start } = make({ pollOf: own(2), ...change });
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
      pollOf: own(2),
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
    expect(model.queries).toBe(3 * 8);
  });

  it("beyond the budget is refused before it asks anything, and the state can be kept", async () => {
    const { trainer, start, model } = make({ budget: 15 });
    const { state } = await trainer.step(start);
    const copy = storedAndRead(state);
    expect(await codeOf(() => trainer.step(state))).toBe("BUDGET_EXHAUSTED");
    expect([model.queries, state]).toEqual([8, copy]);
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

/** The query that shows the decoder's own pair, on the first picture that a run draws at this step. */
async function taughtQuery({ theta }: OptimizerState, step: number) {
  const [{ subject, point }] = await new CaseDraws({ cases, train, seed: 1, site: "a" }).batch(step, 1);
  const belief = Float32Array.from(resizeMask(subject.mask, DECODER_SIZE, DECODER_SIZE).data);
  return { subject, point, belief, theta };
}
