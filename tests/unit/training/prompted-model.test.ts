import { filterBankLayout } from "@fedbaps/core/decoder/filter-bank-layout.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image } from "@fedbaps/core/image/image.js";
import type { Case } from "@fedbaps/core/training/cases.js";
import { drawPrompts, segmentPrompted } from "@fedbaps/core/training/prompted-model.js";
import { describe, expect, it } from "@jest/globals";
import { FakeModel } from "../../support/black-boxes.js";

const SIDE = 16;

/** Draws theta[0] everywhere in red, minus that in green, and theta[1] in blue in the left half only. */
function paintingDecoder() {
  const requests: DrawRequest[] = [];
  const decoder: IpDecoder = {
    kind: "filter-bank",
    layout: filterBankLayout,
    initial: () => new Float32Array(filterBankLayout.length),
    prepare: () => ({ bytes: 0, dispose: () => {} }),
    async draw(asked) {
      requests.push(...asked);
      return asked.map(({ theta }) =>
        Float32Array.from({ length: DECODER_SIZE * DECODER_SIZE * 3 }, (_, i) => {
          const left = Math.floor(i / 3) % DECODER_SIZE < DECODER_SIZE / 2;
          return [theta[0], -theta[0], left ? theta[1] : 0][i % 3];
        }),
      );
    },
  };
  return { decoder, requests };
}

function subject(decoder: IpDecoder, level: number): Case {
  const image: Image = { data: new Float32Array(SIDE * SIDE * 3).fill(level), width: SIDE, height: SIDE, channels: 3 };
  const mask = { data: new Uint8Array(SIDE * SIDE).fill(1), width: SIDE, height: SIDE };
  return { id: level, image, mask, fullMask: mask, prepared: decoder.prepare(image) };
}

const point = { x: 3, y: 8, label: 1 as const };
const pixel = (image: Image, x: number, y: number) => [
  ...image.data.subarray((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3),
];

describe("the prompted picture", () => {
  it("is picture plus prompt, cut off at 0 and 255, at the black box's size", async () => {
    const { decoder } = paintingDecoder();
    const model = new FakeModel();
    const theta = Float32Array.of(100, 30);
    const queries = [100, 200, 50].map((level) => ({ subject: subject(decoder, level), point, theta }));
    await segmentPrompted(model, decoder, queries);
    const { images } = model.calls[0];
    expect(images.map((image) => pixel(image, 2, 9))).toEqual([
      [200, 0, 130],
      [255, 100, 230],
      [150, 0, 80],
    ]);
    expect(pixel(images[0], 14, 1)).toEqual([200, 0, 100]);
  });

  it("is drawn for the click's place on the decoder's square, while the black box gets the click as it is", async () => {
    const { decoder, requests } = paintingDecoder();
    const model = new FakeModel();
    const query = { subject: subject(decoder, 100), point, theta: Float32Array.of(1, 1) };
    await segmentPrompted(model, decoder, [query]);
    // 128 / 16 = 8: the centre of pixel 3 is at (3 + 0.5) x 8 - 0.5.
    expect(requests.map((request) => [request.point.x, request.point.y])).toEqual([[27.5, 67.5]]);
    expect(requests[0].image).toBe(query.subject.prepared);
    expect(model.calls[0].prompts).toEqual([{ points: [point] }]);
  });

  it("is the picture itself where there is no decoder, in the order of the queries", async () => {
    const { decoder, requests } = paintingDecoder();
    const model = new FakeModel();
    const [first, second] = [subject(decoder, 10), subject(decoder, 20)];
    const theta = Float32Array.of(5, 0);
    await segmentPrompted(model, decoder, [
      { subject: first, point },
      { subject: second, point, theta },
      { subject: first, point, theta },
      { subject: second, point },
    ]);
    expect(model.calls[0].images.map((image) => image.data[0])).toEqual([10, 25, 15, 20]);
    expect(model.calls[0].images[0]).toBe(first.image);
    expect(requests).toHaveLength(2);
    const drawn = await drawPrompts(decoder, [
      { subject: first, point },
      { subject: second, point, theta },
    ]);
    expect([drawn[0], drawn[1]?.data[0], drawn[1]?.width]).toEqual([undefined, 5, SIDE]);
  });
});
