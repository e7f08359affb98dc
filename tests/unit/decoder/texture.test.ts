import { sigmoid } from "@fedbaps/core/decoder/belief-head.js";
import { DECODER_SIZE, type DrawRequest, type PreparedImage } from "@fedbaps/core/decoder/ip-decoder.js";
import { CERTAIN, SHARPNESS, TextureDecoder } from "@fedbaps/core/decoder/texture.js";
import { initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, GUIDE_GRID, type Guide, type GuideRequest, sharedGuide } from "@fedbaps/core/guide/guide.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { resizeMap } from "@fedbaps/core/image/resize.js";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { decoderPicture, noisyTheta } from "../../support/cases.js";
import { largestDifference, sameBits } from "../../support/numbers.js";

const SIDE = DECODER_SIZE;
const PIXELS = SIDE * SIDE;
const point = { x: 40, y: 70 };

let real: Guide;
let looked: GuideRequest[];
let watching: Pick<Guide, "look">;
let decoder: TextureDecoder;
let picture: Image;
let image: PreparedImage;
beforeAll(async () => {
  real = await sharedGuide();
});
beforeEach(() => {
  looked = [];
  watching = {
    look: (requests) => {
      looked.push(...requests);
      return real.look(requests);
    },
  };
  decoder = new TextureDecoder(watching as Guide);
  picture = decoderPicture(1);
  image = decoder.prepare(picture);
});

const INSIDE = Float32Array.from({ length: 12 }, (_, i) => 0.3 * i - 1.4);
const OUTSIDE = Float32Array.from({ length: 12 }, (_, i) => ((i * 5) % 12) / 6 - 1);

/** A pair of textures in use; all of the picture replaced. */
function painting(amounts: readonly [number, number] = [1, 1]): Float32Array {
  const theta = initialTexture(1);
  textureLayout.view(theta, "texture.inside").set(INSIDE);
  textureLayout.view(theta, "texture.outside").set(OUTSIDE);
  textureLayout.view(theta, "amount").set(amounts);
  return theta;
}

const even = (value: number) => new Float32Array(PIXELS).fill(value);
const draw = async (request: Partial<DrawRequest>) =>
  (await decoder.draw([{ theta: painting(), image, point, ...request }]))[0];
/** The value of channel c at a pixel. */
const at = (v: ArrayLike<number>, x: number, y: number, c: number) => v[3 * (y * SIDE + x) + c];

describe("what is painted", () => {
  it("is the textures' formula at every pixel, by the belief it is taught", async () => {
    const [inside, outside] = [0.9, 0.25];
    const belief = Float32Array.from({ length: PIXELS }, (_, i) => (i % 97) / 96);
    const v = await draw({ theta: painting([inside, outside]), belief });
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [64, 31],
      [127, 126],
      [127, 127],
    ])
      for (const c of [0, 1, 2]) {
        const b = belief[y * SIDE + x];
        const k = 4 * c + 2 * (y % 2) + (x % 2);
        const one = Math.tanh(INSIDE[k]);
        const other = Math.tanh(OUTSIDE[k]);
        const target = 127.5 * (1 + b * one + (1 - b) * other);
        const amount = b * inside + (1 - b) * outside;
        expect(at(v, x, y, c)).toBeCloseTo(amount * (target - at(picture.data, x, y, c)), 3);
      }
  });

  it("replaces the picture wholly where the amounts are 1: the same tile at every even place", async () => {
    const v = await draw({ belief: even(1) });
    const shown = v.map((value, i) => value + picture.data[i]);
    for (const c of [0, 1, 2])
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ])
        for (const [x, y] of [
          [2, 0],
          [0, 2],
          [64, 90],
          [126, 126],
        ])
          expect(at(shown, x + dx, y + dy, c)).toBeCloseTo(at(shown, dx, dy, c), 3);
    // The tile is a texture: not all its places are alike.
    expect(
      Math.abs(at(shown, 1, 0, 0) - at(shown, 0, 0, 0)) + Math.abs(at(shown, 0, 1, 0) - at(shown, 0, 0, 0)),
    ).toBeGreaterThan(10);
  });

  it("clamps the amounts to 0 and 1", async () => {
    const belief = Float32Array.from({ length: PIXELS }, (_, i) => (i % SIDE < 64 ? 1 : 0));
    const over = await draw({ theta: painting([1.7, -0.6]), belief });
    expect(sameBits(over, await draw({ theta: painting([1, 0]), belief }))).toBe(true);
    expect(over.some((value) => value !== 0)).toBe(true);
    expect(at(over, 100, 50, 1)).toBe(0);
  });
});

describe("the belief", () => {
  it("that is taught takes the guide's place: it is not asked at all", async () => {
    const taught = await draw({ belief: even(0) });
    expect(looked).toEqual([]);
    const own = await draw({});
    expect(looked.map(({ point: asked }) => asked)).toEqual([point]);
    expect(largestDifference(own, taught)).toBeGreaterThan(20);
  });

  it("of its own is the head's, enlarged and sharpened", async () => {
    const theta = painting();
    const own = await draw({ theta });
    const [{ logits }] = await real.look([{ image: picture, point }]);
    // The head is not trained: it says what the guide says.
    const small = { data: logits.map(sigmoid), width: GUIDE_GRID, height: GUIDE_GRID };
    const belief = resizeMap(small, SIDE, SIDE).data.map((p) => {
      const sure = Math.min(1 - CERTAIN, Math.max(CERTAIN, p));
      return sigmoid(SHARPNESS * Math.log(sure / (1 - sure)));
    });
    expect(largestDifference(await draw({ theta, belief }), own)).toBeLessThan(0.01);
  });

  it("asks the guide once for a picture and a click, whatever the parameters, and gives the room back with the picture", async () => {
    const view = 4 * GUIDE_GRID * GUIDE_GRID * (GUIDE_FEATURES + 1);
    const small = new TextureDecoder(watching as Guide, 2 * view);
    const draws = (of: PreparedImage, theta: Float32Array, ...xs: number[]) =>
      small.draw(xs.map((x) => ({ theta, image: of, point: { x, y: 70 } })));
    const theta = noisyTheta(small, 3);
    const first = small.prepare(picture);
    await draws(first, painting(), 10, 20, 30);
    const again = await draws(first, theta, 30, 20, 10);
    // There was room for two.
    expect(looked.map(({ point: { x } }) => x)).toEqual([10, 20, 30, 30]);
    const fresh = await decoder.draw([30, 20, 10].map((x) => ({ theta, image, point: { x, y: 70 } })));
    for (const [i, drawn] of again.entries()) expect(sameBits(drawn, fresh[i])).toBe(true);
    first.dispose();
    looked.length = 0;
    const second = small.prepare(decoderPicture(2));
    for (let i = 0; i < 2; i++) await draws(second, theta, 10, 20);
    expect(looked.map(({ point: { x } }) => x)).toEqual([10, 20]);
  });

  it("may be given to some requests and not to others", async () => {
    const theta = noisyTheta(decoder, 2);
    const requests: DrawRequest[] = [
      { theta, image, point },
      { theta, image, point, belief: even(0.5) },
      { theta, image, point: { x: 90, y: 20 } },
    ];
    const together = await decoder.draw(requests);
    for (const [i, request] of requests.entries()) expect(sameBits(together[i], await draw(request))).toBe(true);
  });
});
