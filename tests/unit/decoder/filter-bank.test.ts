import {
  clickColours,
  IMAGE_BASIS,
  imageBasis,
  PROMPT_BASIS,
  promptBasis,
} from "@fedbaps/core/decoder/basis-images.js";
import { DECODER_SIZE, type IpDecoder, type PreparedImage } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { decoderPicture, noisyTheta } from "../../support/cases.js";
import { largestDifference, sameBits } from "../../support/numbers.js";

const point = { x: 40, y: 70 };
let decoder: IpDecoder;
let image: PreparedImage;
beforeAll(async () => {
  decoder = await openDecoder("filter-bank", "wasm");
  image = decoder.prepare(decoderPicture(1));
});

const draw = async (theta: Float32Array, at = point) => (await decoder.draw([{ theta, image, point: at }]))[0];

describe("the filter bank", () => {
  it("is linear in its parameters", async () => {
    const a = noisyTheta(decoder, 1, 1);
    const b = noisyTheta(decoder, 2, 1);
    const mixed = await draw(a.map((value, i) => 2 * value - 0.5 * b[i]));
    const [fromA, fromB] = [await draw(a), await draw(b)];
    const expected = fromA.map((value, i) => 2 * value - 0.5 * fromB[i]);
    expect(largestDifference(mixed, expected)).toBeLessThan(1e-2);
    expect(largestDifference(fromA, fromB)).toBeGreaterThan(50);
  });

  it("is the sum of its basis images, 16 grey levels each at a coefficient of one", async () => {
    const theta = noisyTheta(decoder, 3, 1);
    const v = await draw(theta);
    const { basis, smooth, means } = imageBasis(decoderPicture(1));
    const prompt = promptBasis(smooth, means, DECODER_SIZE, DECODER_SIZE, point);
    const colours = clickColours(smooth, means, DECODER_SIZE, DECODER_SIZE, point);
    const own = (name: string) => decoder.layout.view(theta, name);
    for (const pixel of [0, 127, 5000, 9000, 70 * 128 + 40, 16383])
      for (const c of [0, 1, 2]) {
        let sum = 0;
        for (let k = 0; k < IMAGE_BASIS.length; k++)
          sum += basis[pixel * IMAGE_BASIS.length + k] * own("image.coefficients")[3 * k + c];
        for (let k = 0; k < PROMPT_BASIS.length; k++)
          sum += prompt[pixel * PROMPT_BASIS.length + k] * own("prompt.coefficients")[3 * k + c];
        for (const [k, colour] of colours.entries()) sum += colour * own("click.coefficients")[3 * k + c];
        expect(v[3 * pixel + c]).toBeCloseTo(16 * sum, 2);
      }
  });

  it("adds the same everywhere by its first coefficient alone, in that channel alone", async () => {
    const theta = decoder.initial(1);
    decoder.layout.view(theta, "image.coefficients")[1] = 0.5;
    const v = await draw(theta);
    expect(v.every((value, i) => value === (i % 3 === 1 ? 8 : 0))).toBe(true);
  });

  it("depends on the click through the prompt's and the click's coefficients only", async () => {
    const theta = noisyTheta(decoder, 1);
    decoder.layout.view(theta, "prompt.coefficients").fill(0);
    decoder.layout.view(theta, "click.coefficients").fill(0);
    expect(sameBits(await draw(theta), await draw(theta, { x: 90, y: 20 }))).toBe(true);
    for (const name of ["prompt.coefficients", "click.coefficients"]) {
      const other = decoder.initial(1);
      decoder.layout.view(other, name).fill(1);
      expect(largestDifference(await draw(other), await draw(other, { x: 90, y: 20 }))).toBeGreaterThan(0.5);
    }
  });
});
