import { addLatency, latencyPercentile, laterLatency } from "@fedbaps/core/blackbox/latency.js";
import { freshMeter, MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";
import { codeOf, thrownBy } from "../../support/codes.js";

const image: Image = { data: new Float32Array(12).fill(100), width: 2, height: 2, channels: 3 };
const prompt: Prompt = { points: [{ x: 0, y: 0, label: 1 }] };
const images = (count: number) => new Array<Image>(count).fill(image);
const prompts = (count: number) => new Array<Prompt>(count).fill(prompt);

function make(budget: number, state = freshMeter) {
  const model = new FakeModel();
  const clock = new FakeClock(1000);
  const meter = new QueryMeter(budget, clock, state);
  return { model, clock, meter };
}

describe("counting", () => {
  it("is exact for each purpose, one query an image", async () => {
    const { model, meter } = make(100);
    await new MeteredModel(model, meter, "train").segment(images(20), prompts(20));
    await new MeteredModel(model, meter, "validate").segment(images(3), prompts(3));
    await new MeteredModel(model, meter, "report").segment(images(1), prompts(1));
    await new MeteredModel(model, meter, "train").segment([], []);
    expect(meter.state).toMatchObject({ train: 20, validate: 3, report: 1, seconds: 0, failures: 0 });
    expect([meter.spent, meter.remaining, model.queries]).toEqual([24, 76, 24]);
  });

  it("is done batch by batch, never more at once than the black box takes, answers in order", async () => {
    const { model, meter } = make(100);
    const given = images(19).map((_, i) => ({ ...image, data: new Float32Array(12).fill(i * 8) }));
    const maps = await new MeteredModel(model, meter, "train").segment(given, prompts(19));
    expect(model.calls.map((call) => call.images.length)).toEqual([8, 8, 3]);
    expect(maps.map((map) => Math.round((map.data[0] * 255) / 1.6 / 8))).toEqual(given.map((_, i) => i));
  });

  it("adds up the seconds spent waiting for answers", async () => {
    const { model, clock, meter } = make(100);
    model.before = () => clock.advance(250);
    await new MeteredModel(model, meter, "train").segment(images(16), prompts(16));
    clock.advance(60_000);
    expect(meter.state.seconds).toBe(0.5);
  });
});

describe("the budget", () => {
  it("is refused to be overspent before anything is sent", async () => {
    const { model, meter } = make(10);
    const metered = new MeteredModel(model, meter, "train");
    await metered.segment(images(8), prompts(8));
    const error = await thrownBy(() => metered.segment(images(3), prompts(3)));
    expect(error).toMatchObject({ code: "BUDGET_EXHAUSTED", fields: { budget: 10, spent: 8, wanted: 3 } });
    expect([model.calls.length, meter.spent]).toEqual([1, 8]);
  });

  it("refuses a call of several batches whole when only the first would fit", async () => {
    const { model, meter } = make(10);
    expect(await codeOf(() => new MeteredModel(model, meter, "report").segment(images(16), prompts(16)))).toBe(
      "BUDGET_EXHAUSTED",
    );
    expect([model.calls.length, meter.spent]).toEqual([0, 0]);
  });

  it("can be spent to the last query, and holds over all purposes together", async () => {
    const { model, meter } = make(10);
    await new MeteredModel(model, meter, "validate").segment(images(4), prompts(4));
    await new MeteredModel(model, meter, "train").segment(images(6), prompts(6));
    expect(meter.remaining).toBe(0);
    expect(await codeOf(() => new MeteredModel(model, meter, "report").segment(images(1), prompts(1)))).toBe(
      "BUDGET_EXHAUSTED",
    );
    expect(await new MeteredModel(model, meter, "report").segment([], [])).toEqual([]);
  });

  it("may be without end", async () => {
    const { model, meter } = make(Number.POSITIVE_INFINITY);
    await new MeteredModel(model, meter, "train").segment(images(9), prompts(9));
    expect([meter.spent, meter.remaining]).toEqual([9, Number.POSITIVE_INFINITY]);
  });
});

describe("a failure", () => {
  it("in the second batch leaves the first counted and nothing else", async () => {
    const { model, meter } = make(100);
    const failure = new Error("out of memory");
    model.before = (call) => {
      if (call === 2) throw failure;
    };
    const metered = new MeteredModel(model, meter, "train");
    expect(await thrownBy(() => metered.segment(images(20), prompts(20)))).toBe(failure);
    expect(meter.state).toMatchObject({ train: 8, validate: 0, report: 0, failures: 1 });
    expect(model.calls).toHaveLength(2);
  });

  it("by an abort before the second batch does the same", async () => {
    const { model, meter } = make(100);
    const controller = new AbortController();
    model.before = () => controller.abort();
    const metered = new MeteredModel(model, meter, "validate");
    await expect(metered.segment(images(20), prompts(20), controller.signal)).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(meter.state).toMatchObject({ train: 0, validate: 8, report: 0, failures: 0 });
  });
});

describe("a black box that takes several calls at once", () => {
  function slow(budget: number) {
    const model = new FakeModel({ concurrency: 3 });
    const clock = new FakeClock(1000);
    const meter = new QueryMeter(budget, clock);
    let atOnce = 0;
    let most = 0;
    model.before = async () => {
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce--;
    };
    return { model, meter, most: () => most };
  }

  it("gets as many as it takes, no more, and the answers stay in order", async () => {
    const { model, meter, most } = slow(100);
    const given = images(60).map((_, i) => ({ ...image, data: new Float32Array(12).fill(i * 2) }));
    const maps = await new MeteredModel(model, meter, "train").segment(given, prompts(60));
    expect(most()).toBe(3);
    expect(maps.map((map) => Math.round((map.data[0] * 255) / 1.6 / 2))).toEqual(given.map((_, i) => i));
    expect(meter.spent).toBe(60);
  });

  it("answers that were under way when one failed are counted, and no further call begins", async () => {
    const { model, meter } = slow(100);
    model.before = async (call) => {
      await new Promise(setImmediate);
      if (call === 1) throw new Error("out of memory");
    };
    await expect(new MeteredModel(model, meter, "train").segment(images(60), prompts(60))).rejects.toThrow("memory");
    expect(meter.state).toMatchObject({ train: 16, failures: 1 });
    expect(model.calls).toHaveLength(3);
  });

  it("cannot overspend by calls made at the same time: what is under way is set aside", async () => {
    const { model, meter } = slow(10);
    const metered = new MeteredModel(model, meter, "train");
    const first = metered.segment(images(8), prompts(8));
    expect(await codeOf(() => metered.segment(images(3), prompts(3)))).toBe("BUDGET_EXHAUSTED");
    await first;
    await metered.segment(images(2), prompts(2));
    expect([meter.spent, model.queries]).toEqual([10, 10]);
    // A call that failed gives back what was set aside for it.
    model.before = () => {
      throw new Error("down");
    };
    const other = new QueryMeter(4, new FakeClock());
    await expect(new MeteredModel(model, other, "train").segment(images(4), prompts(4))).rejects.toThrow("down");
    model.before = () => {};
    await new MeteredModel(model, other, "train").segment(images(4), prompts(4));
    expect(other.remaining).toBe(0);
  });
});

describe("latency", () => {
  it("is kept as percentiles to within a tenth, over a restart too", async () => {
    const { model, clock, meter } = make(Number.POSITIVE_INFINITY);
    let call = 0;
    model.before = () => clock.advance(++call % 20 === 0 ? 900 : 40);
    const metered = new MeteredModel(model, meter, "train");
    for (let i = 0; i < 100; i++) await metered.segment(images(1), prompts(1));
    const restored = new QueryMeter(Number.POSITIVE_INFINITY, clock, JSON.parse(JSON.stringify(meter.state)));
    for (let i = 0; i < 100; i++) await new MeteredModel(model, restored, "train").segment(images(1), prompts(1));
    const { latency } = restored.state;
    const [half, most, all] = [0.5, 0.94, 0.99].map((share) => latencyPercentile(latency, share) ?? 0);
    for (const [found, real] of [
      [half, 40],
      [most, 40],
      [all, 900],
    ])
      expect(Math.abs(found / real - 1)).toBeLessThan(0.1);
    expect(latencyPercentile({}, 0.5)).toBeUndefined();
    expect(restored.state).toMatchObject({ train: 200, seconds: expect.closeTo(190 * 0.04 + 10 * 0.9, 9) });
  });

  it("takes calls of no time at all and of hours", () => {
    const bins = addLatency(addLatency(addLatency({}, 0), 0.0004), 7_200_000);
    expect(latencyPercentile(bins, 0.5)).toBeLessThan(0.01);
    expect(Math.abs((latencyPercentile(bins, 1) ?? 0) / 7_200_000 - 1)).toBeLessThan(0.1);
    expect(laterLatency(bins, addLatency(bins, 0))).toEqual(addLatency(bins, 0));
  });
});

it("refuses images and prompts that are not as many before the first batch is paid for", async () => {
  const { model, meter } = make(100);
  const metered = new MeteredModel(model, meter, "train");
  for (const [pictures, clicks] of [
    [8, 9],
    [9, 8],
    [16, 9],
  ])
    expect(await codeOf(() => metered.segment(images(pictures), prompts(clicks)))).toBe("BLACKBOX_INPUT");
  expect([model.calls.length, meter.spent]).toEqual([0, 0]);
});

describe("a restart", () => {
  it("goes on from the stored count and the stored seconds", async () => {
    const { model, clock, meter } = make(30);
    model.before = () => clock.advance(100);
    await new MeteredModel(model, meter, "train").segment(images(12), prompts(12));
    const stored = JSON.parse(JSON.stringify(meter.state));
    const restored = new QueryMeter(30, clock, stored);
    expect(restored.state).toEqual(meter.state);
    expect(await codeOf(() => new MeteredModel(model, restored, "train").segment(images(19), prompts(19)))).toBe(
      "BUDGET_EXHAUSTED",
    );
    await new MeteredModel(model, restored, "train").segment(images(18), prompts(18));
    expect(restored.state.train).toBe(30);
    expect(restored.state.seconds).toBeCloseTo(0.5, 12);
    expect(stored.train).toBe(12);
  });
});

it("shows the black box's own description and closes it", async () => {
  const { model, meter } = make(1);
  const metered = new MeteredModel(model, meter, "train");
  expect(metered.description).toBe(model.description);
  await metered.close();
  expect(model.closed).toBe(true);
});
