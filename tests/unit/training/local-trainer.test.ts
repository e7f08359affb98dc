import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Sample } from "@fedbaps/core/data/dataset.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import type { IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { type OptimizerState, startOptimizer } from "@fedbaps/core/optimizer/spsa-gc.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { LocalTrainer } from "@fedbaps/core/training/local-trainer.js";
import { type PresetName, preset, queriesPerStep } from "@fedbaps/core/training/presets.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Call, FakeClock, FakeModel } from "../../support/black-boxes.js";
import { codeOf } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { phantomSite, storedAndRead } from "../../support/phantom-site.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let decoder: IpDecoder;
let train: readonly Sample[];
// Shared by all runs of this file: a prepared picture is the same each time.
let cases: CaseCache;
beforeAll(async () => {
  decoder = await openDecoder("filter-bank", "wasm");
  ({ train } = await openDataset(await phantomSite(), { seed: 1 }));
  cases = new CaseCache(decoder, new FakeModel().description, 1e9);
});

interface Options {
  name?: PresetName;
  seed?: number;
  site?: string;
  images?: number;
  budget?: number;
  planned?: number;
}

function make({
  name = "adam",
  seed = 1,
  site = "a",
  images = train.length,
  budget = 1e6,
  planned = 10,
}: Options = {}) {
  const model = new FakeModel();
  const meter = new QueryMeter(budget, new FakeClock());
  const settings = preset(name, planned);
  const trainer = new LocalTrainer({
    decoder,
    model: new MeteredModel(model, meter, "train"),
    cases,
    train: train.slice(0, images),
    preset: settings,
    seed,
    site,
  });
  return { model, meter, trainer, start: startOptimizer(settings.optimizer, decoder.initial(seed)) };
}

async function run(options: Options, steps: number, from?: OptimizerState): Promise<OptimizerState> {
  const { trainer, start } = make(options);
  let state = from ?? start;
  for (let i = 0; i < steps; i++) ({ state } = await trainer.step(state));
  return state;
}

/** The queries of one step, with the picture's place in the training list. */
async function oneStep(options: Options, step = 0) {
  const { model, trainer, start } = make(options);
  const subjects = await cases.all(train);
  await trainer.step({ ...start, step });
  const clicks = model.calls.flatMap((call: Call) => call.prompts.map(({ points }) => points[0]));
  return { queries: model.queries, clicks, subjects };
}

describe.each(["adam", "paper"] as const)("a run of preset %s", (name) => {
  it("gives the same bits again", async () => {
    const first = await run({ name }, 3);
    const second = await run({ name }, 3);
    expect(sameBits(second.theta, first.theta)).toBe(true);
    expect(second.moments.every((moment, i) => sameBits(moment, first.moments[i]))).toBe(true);
    expect(first.theta.some((value) => value !== 0)).toBe(true);
  });

  it("that was cut off goes on to the same bits, in another process", async () => {
    const whole = await run({ name }, 4);
    const half = storedAndRead(await run({ name }, 2));
    const end = await run({ name }, 2, half);
    expect(sameBits(end.theta, whole.theta)).toBe(true);
    expect(end.moments.every((moment, i) => sameBits(moment, whole.moments[i]))).toBe(true);
    expect(end.step).toBe(4);
  });

  it("asks exactly the planned queries at every step", async () => {
    const { model, meter, trainer, start } = make({ name });
    const each = queriesPerStep(preset(name, 10), decoder.kind);
    let state = start;
    for (let step = 1; step <= 3; step++) {
      ({ state } = await trainer.step(state));
      expect([model.queries, meter.state.train]).toEqual([step * each, step * each]);
    }
  });

  it("goes another way with another seed, and at another site", async () => {
    const [base, seeded, elsewhere] = [
      await run({ name }, 1),
      await run({ name, seed: 2 }, 1),
      await run({ name, site: "b" }, 1),
    ];
    expect(sameBits(seeded.theta, base.theta)).toBe(false);
    expect(sameBits(elsewhere.theta, base.theta)).toBe(false);
  });

  it("judges both sides of a direction on the same picture and click, inside its mask", async () => {
    const { clicks, subjects } = await oneStep({ name });
    expect(clicks).toHaveLength(queriesPerStep(preset(name, 10), decoder.kind));
    for (let i = 0; i < clicks.length; i += 2) {
      expect(clicks[i]).toEqual(clicks[i + 1]);
      const { x, y, label } = clicks[i];
      expect(label).toBe(1);
      expect(subjects.some(({ mask }) => mask.data[y * mask.width + x] === 1)).toBe(true);
    }
  });
});

describe("a step", () => {
  it("of the paper shares its four pictures between all directions", async () => {
    const { clicks } = await oneStep({ name: "paper" });
    const pairs = clicks.filter((_, i) => i % 2 === 0);
    for (let j = 1; j < 5; j++) expect(pairs.slice(4 * j, 4 * j + 4)).toEqual(pairs.slice(0, 4));
  });

  it("of the default shows each direction a picture of its own, none twice while there are enough", async () => {
    const batches: number[][] = [];
    const watching = Object.assign(Object.create(cases) as CaseCache, {
      all: (samples: readonly Sample[]) => {
        batches.push(samples.map(({ id }) => id));
        return cases.all(samples);
      },
    });
    const model = new FakeModel();
    const settings = preset("adam", 10);
    const start = startOptimizer(settings.optimizer, decoder.initial(1));
    for (const images of [9, 3]) {
      const init = {
        decoder,
        model,
        cases: watching,
        train: train.slice(0, images),
        preset: settings,
        seed: 1,
        site: "a",
      };
      await new LocalTrainer(init).step(start);
    }
    const counts = batches.map((batch) =>
      [...new Set(batch)].map((id) => batch.filter((other) => other === id).length),
    );
    expect(counts[0]).toEqual(new Array(8).fill(1));
    expect(counts[1].sort()).toEqual([2, 3, 3]);
  });

  it("of the default gives each direction the click of its own picture", async () => {
    const pairs = (await oneStep({})).clicks.filter((_, i) => i % 2 === 0);
    expect(new Set(pairs.map(({ x, y }) => `${x},${y}`)).size).toBeGreaterThan(5);
  });

  it("draws other clicks on the same picture than the step before, and than another site", async () => {
    const [first, second] = [await oneStep({ images: 1 }), await oneStep({ images: 1 }, 1)];
    expect(second.clicks).not.toEqual(first.clicks);
    expect((await oneStep({ images: 1, site: "b" })).clicks).not.toEqual(first.clicks);
  });

  it("works with fewer pictures than directions", async () => {
    const { model, trainer, start } = make({ images: 3 });
    const { state, loss } = await trainer.step(start);
    expect([model.queries, state.step]).toEqual([16, 1]);
    expect(loss).toBeGreaterThan(0);
    expect(loss).toBeLessThan(1);
  });

  it("beyond the budget is refused before it asks anything, and the state can be kept", async () => {
    const { model, meter, trainer, start } = make({ budget: 20 });
    const { state } = await trainer.step(start);
    const copy = storedAndRead(state);
    expect(await codeOf(() => trainer.step(state))).toBe("BUDGET_EXHAUSTED");
    expect([model.queries, meter.spent]).toEqual([16, 16]);
    expect(state).toEqual(copy);
  });

  it("whose black box answers with what is no number is refused", async () => {
    const { model, trainer, start } = make();
    const segment = model.segment.bind(model);
    model.segment = async (...question) => {
      const maps = await segment(...question);
      maps[0].data.fill(Number.NaN);
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

it("training lowers the loss on an easy black box", async () => {
  const { trainer, start } = make({ planned: 30 });
  const losses: number[] = [];
  for (let state = start; state.step < 30; ) {
    const next = await trainer.step(state);
    losses.push(next.loss);
    state = next.state;
  }
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.03);
});
