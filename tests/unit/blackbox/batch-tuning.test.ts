import { tuneBatch } from "@fedbaps/core/blackbox/batch-tuning.js";
import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { expect, it } from "@jest/globals";
import { FakeClock, FakeModel } from "../../support/black-boxes.js";

/** A black box whose call of so many images takes `milliseconds(images)`. */
class TimedModel extends FakeModel {
  constructor(
    batch: number,
    private readonly clock: FakeClock,
    private readonly milliseconds: (images: number) => number,
    private readonly bias = 0,
  ) {
    super({ maxBatch: batch });
  }

  override async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal) {
    this.clock.advance(this.milliseconds(images.length));
    const maps: ProbabilityMap[] = await super.segment(images, prompts, signal);
    return maps.map((map) => ({ ...map, data: map.data.map((value) => value + this.bias) }));
  }
}

it.each<[number, string, (images: number) => number]>([
  [8, "the larger a call the less an image takes", (images) => 10 + 10 * images],
  [8, "all take the same", (images) => 10 * images],
  [8, "a few milliseconds are between them", (images) => 0.2 * images + images / 16],
  [4, "four fit best", (images) => images * (images === 4 ? 8 : 10)],
  [1, "an image takes the longer the more there are", (images) => images * images],
])("%i a call where %s", async (expected, _, milliseconds) => {
  const clock = new FakeClock(0);
  expect(await tuneBatch((batch) => new TimedModel(batch, clock, milliseconds), clock)).toBe(expected);
});

it("one that answers otherwise than the standard is not chosen, though it is faster", async () => {
  const clock = new FakeClock(0);
  const milliseconds = (images: number) => images * images;
  const open = (batch: number) => new TimedModel(batch, clock, milliseconds, batch < 4 ? 2 ** -24 : 0);
  expect(await tuneBatch(open, clock)).toBe(4);
});

it("a slow one keeps the standard, and is asked once", async () => {
  const clock = new FakeClock(0);
  const models: TimedModel[] = [];
  const open = (batch: number) => {
    models.push(new TimedModel(batch, clock, (images) => images * images * 100));
    return models[models.length - 1];
  };
  expect(await tuneBatch(open, clock)).toBe(8);
  expect(models.reduce((calls, model) => calls + model.calls.length, 0)).toBe(1);
});

it("stops when it is told to", async () => {
  const clock = new FakeClock(0);
  const open = (batch: number) => new TimedModel(batch, clock, () => 1);
  await expect(tuneBatch(open, clock, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
