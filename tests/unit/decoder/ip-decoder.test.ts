// What every IP decoder must do, run on every kind.
import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { decoderLayout, parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
import { startTensorBackend, tf } from "@fedbaps/core/decoder/tensor-backend.js";
import { segmentPrompted } from "@fedbaps/core/training/prompted-model.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { decoderPicture, noisyTheta, phantomCase } from "../../support/cases.js";
import { codeOf } from "../../support/codes.js";
import { largestDifference, rangeOf, sameBits } from "../../support/numbers.js";

const VALUES = DECODER_SIZE * DECODER_SIZE * 3;

let model: SegmentationModel;
beforeAll(async () => {
  model = await openBlackBox("bundled");
  // Tensors are counted whatever the decoder computes with.
  await startTensorBackend("wasm");
});
afterAll(() => model.close());

describe.each(DECODER_KINDS)("decoder %s", (kind) => {
  let decoder: IpDecoder;
  beforeAll(async () => {
    decoder = await openDecoder(kind, "wasm");
  });

  const draw = async (request: DrawRequest) => (await decoder.draw([request]))[0];
  const click = { x: 40, y: 70 };

  it("has the layout of its kind, without gaps or overlaps, and of unique names", () => {
    expect(decoder.kind).toBe(kind);
    expect(decoder.layout).toBe(decoderLayout(kind));
    let next = 0;
    for (const { offset, size, shape } of decoder.layout.entries) {
      expect(offset).toBe(next);
      expect(size).toBe(shape.reduce((product, side) => product * side, 1));
      next += size;
    }
    expect(next).toBe(parameterCount(kind));
    expect(new Set(decoder.layout.entries.map(({ name }) => name)).size).toBe(decoder.layout.entries.length);
    const theta = new Float32Array(next);
    decoder.layout.entries.forEach(({ name }, i) => {
      decoder.layout.view(theta, name).fill(i + 1);
    });
    expect(theta.includes(0)).toBe(false);
  });

  it("refuses parameters of another length or that are not finite, and names that it does not have", async () => {
    const theta = decoder.initial(1);
    expect(await codeOf(() => decoder.layout.check(theta.subarray(1)))).toBe("DECODER_PARAMETERS");
    theta[theta.length - 1] = Number.NaN;
    expect(await codeOf(() => decoder.layout.check(theta))).toBe("DECODER_PARAMETERS");
    expect(await codeOf(() => decoder.layout.view(theta, "no.such"))).toBe("DECODER_PARAMETERS");
  });

  it("draws exactly nothing before it is trained, whatever the seed, the picture and the click", async () => {
    for (const [seed, look] of [
      [1, 0],
      [7, 2],
    ]) {
      const image = decoder.prepare(decoderPicture(seed, look));
      const v = await draw({ theta: decoder.initial(seed), image, point: { x: 3.5 * seed, y: 90 } });
      expect(v).toHaveLength(VALUES);
      expect(v.every((value) => value === 0)).toBe(true);
      image.dispose();
    }
  });

  it("leaves the black box's answer as it is, bit for bit, before it is trained", async () => {
    for (const size of [128, 96]) {
      const { subject, point } = phantomCase(decoder, { index: 3, size });
      const theta = decoder.initial(1);
      const [zeroShot, untrained] = await segmentPrompted(model, decoder, [
        { subject, point },
        { subject, point, theta },
      ]);
      expect(sameBits(untrained.data, zeroShot.data)).toBe(true);
      subject.prepared.dispose();
    }
  });

  it("changes the picture and the answer once its parameters are others, within 0 and 255", async () => {
    const { subject, point } = phantomCase(decoder, { index: 3 });
    const theta = noisyTheta(decoder, 1, 0.4);
    const seen: Float32Array[] = [];
    const watching: SegmentationModel = {
      ...model,
      description: model.description,
      close: () => Promise.resolve(),
      segment: (images, prompts) => {
        seen.push(...images.map((image) => image.data));
        return model.segment(images, prompts);
      },
    };
    const before = subject.image.data.slice();
    const [zeroShot, prompted] = await segmentPrompted(watching, decoder, [
      { subject, point },
      { subject, point, theta },
    ]);
    expect(largestDifference(seen[1], seen[0])).toBeGreaterThan(5);
    const { least, most } = rangeOf(seen[1]);
    expect(least).toBeGreaterThanOrEqual(0);
    expect(most).toBeLessThanOrEqual(255);
    expect(largestDifference(prompted.data, zeroShot.data)).toBeGreaterThan(0.01);
    // The cached picture is used again and again: nothing may be drawn into it.
    expect(sameBits(subject.image.data, before)).toBe(true);
    // Where nothing is cut off at the ends of the range, what was added is what was drawn.
    const drawn = await draw({ theta, image: subject.prepared, point });
    const at = drawn.findIndex((_, i) => seen[1][i] > 1 && seen[1][i] < 254);
    expect(seen[1][at] - seen[0][at]).toBeCloseTo(drawn[at], 3);
    subject.prepared.dispose();
  });

  it("draws by the picture and by the click, finite everywhere", async () => {
    const one = decoder.prepare(decoderPicture(1));
    const other = decoder.prepare(decoderPicture(2));
    const theta = noisyTheta(decoder, 1);
    const base = await draw({ theta, image: one, point: click });
    expect(Number.isFinite(rangeOf(base).most)).toBe(true);
    expect(largestDifference(await draw({ theta, image: other, point: click }), base)).toBeGreaterThan(0.05);
    expect(largestDifference(await draw({ theta, image: one, point: { x: 90, y: 20 } }), base)).toBeGreaterThan(0.05);
    // Across is not down.
    expect(largestDifference(await draw({ theta, image: one, point: { x: 70, y: 40 } }), base)).toBeGreaterThan(0.05);
    one.dispose();
    other.dispose();
  });

  it("draws many at once as it draws each alone, bit for bit, in the order of the requests", async () => {
    const images = [1, 2].map((index) => decoder.prepare(decoderPicture(index)));
    const thetas = [1, 2, 3].map((seed) => noisyTheta(decoder, seed));
    const points = [click, { x: 12.25, y: 100.5 }, { x: click.x, y: 100.5 }, { x: 12.25, y: click.y }];
    const requests: DrawRequest[] = [
      { theta: thetas[0], image: images[0], point: points[0] },
      { theta: thetas[1], image: images[0], point: points[0] },
      { theta: thetas[0], image: images[1], point: points[0] },
      { theta: thetas[0], image: images[0], point: points[1] },
      { theta: thetas[2], image: images[0], point: points[0] },
      { theta: thetas[1], image: images[1], point: points[1] },
      { theta: thetas[0], image: images[0], point: points[2] },
      { theta: thetas[0], image: images[0], point: points[3] },
      // The same request twice, and an equal theta and click in other objects.
      { theta: thetas[0], image: images[0], point: points[0] },
      { theta: thetas[0].slice(), image: images[0], point: { ...points[0] } },
    ];
    const together = await decoder.draw(requests);
    expect(together).toHaveLength(requests.length);
    for (const [i, request] of requests.entries()) expect(sameBits(together[i], await draw(request))).toBe(true);
    // No two of them share memory.
    together[0].fill(0);
    expect(together[8].every((value) => value === 0)).toBe(false);
    for (const image of images) image.dispose();
  });

  it("draws the same bits again, from a picture that was prepared again", async () => {
    const theta = noisyTheta(decoder, 1);
    const drawn: Float32Array[] = [];
    for (let time = 0; time < 2; time++) {
      const image = decoder.prepare(decoderPicture(1));
      drawn.push(await draw({ theta, image, point: click }));
      image.dispose();
    }
    expect(sameBits(drawn[0], drawn[1])).toBe(true);
  });

  it("changes neither its parameters nor the picture that it prepares", async () => {
    const picture = decoderPicture(1);
    const before = picture.data.slice();
    const image = decoder.prepare(picture);
    const theta = noisyTheta(decoder, 1);
    const copy = theta.slice();
    await draw({ theta, image, point: click });
    expect([sameBits(picture.data, before), sameBits(theta, copy)]).toEqual([true, true]);
    image.dispose();
  });

  it("leaves no tensors behind, and says what a prepared picture costs", async () => {
    const before = tf.memory().numTensors;
    const image = decoder.prepare(decoderPicture(1));
    const held = tf.memory().numTensors;
    for (let i = 0; i < 3; i++)
      await decoder.draw([1, 2].map((seed) => ({ theta: noisyTheta(decoder, seed), image, point: click })));
    expect(tf.memory().numTensors).toBe(held);
    expect(image.bytes).toBeGreaterThan(1000);
    image.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("draws nothing for no request", async () => {
    expect(await decoder.draw([])).toEqual([]);
  });
});
