import { inBatches } from "@fedbaps/core/blackbox/batches.js";
import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { describe, expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";

const image: Image = { data: new Float32Array(12).fill(100), width: 2, height: 2, channels: 3 };
const prompt: Prompt = { points: [{ x: 0, y: 0, label: 1 }] };

async function sizes(count: number, limits: { size: number; concurrency: number; spread?: boolean }) {
  const found: number[] = [];
  const maps = await inBatches(new Array(count).fill(image), new Array(count).fill(prompt), limits, async (batch) => {
    found.push(batch.length);
    return batch.map(() => ({ data: new Float32Array(4), width: 2, height: 2 }));
  });
  expect(maps.filter(Boolean)).toHaveLength(count);
  return found;
}

describe("a call of many images is cut", () => {
  it.each([
    [8, { size: 8, concurrency: 2 }, [8]],
    [19, { size: 8, concurrency: 2 }, [8, 8, 3]],
    [0, { size: 8, concurrency: 2, spread: true }, []],
    [1, { size: 8, concurrency: 2, spread: true }, [1]],
    [8, { size: 8, concurrency: 2, spread: true }, [4, 4]],
    [6, { size: 4, concurrency: 2, spread: true }, [3, 3]],
    [8, { size: 8, concurrency: 16, spread: true }, [1, 1, 1, 1, 1, 1, 1, 1]],
    [17, { size: 8, concurrency: 2, spread: true }, [5, 5, 5, 2]],
    [19, { size: 8, concurrency: 1, spread: true }, [7, 7, 5]],
  ])("%i with %j into %j", async (count, limits, expected) => {
    expect(await sizes(count, limits)).toEqual(expected);
  });
});

it("a meter spreads a step's queries over the calls that may be under way", async () => {
  const model = new FakeModel({ concurrency: 2, spread: true });
  const meter = new QueryMeter(8, new FakeClock(0));
  await new MeteredModel(model, meter, "train").segment(new Array(8).fill(image), new Array(8).fill(prompt));
  expect(model.calls.map(({ images }) => images.length)).toEqual([4, 4]);
  expect(meter.spent).toBe(8);
});
