import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";
import {
  GUIDE_FEATURES,
  GUIDE_GRID,
  GUIDE_MODEL_FILE,
  Guide,
  type GuideRequest,
  sharedGuide,
} from "@fedbaps/core/guide/guide.js";
import { GUIDE_IDENTITY } from "@fedbaps/core/guide/identity.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { decoderPicture } from "../../support/cases.js";
import { thrownBy } from "../../support/codes.js";
import { largestDifference, rangeOf, sameBits } from "../../support/numbers.js";

const PLACES = GUIDE_GRID * GUIDE_GRID;
const asked = (index: number): GuideRequest => ({
  image: decoderPicture(index, index % 3),
  point: { x: 9.5 * index, y: 100 - 7 * index },
});

let guide: Guide;
beforeAll(async () => {
  guide = await sharedGuide();
});

describe("the guide's file", () => {
  it("is the one of the stored hash, and not the bundled black box", async () => {
    const hash = async (file: string) =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
    const stored = await readFile(GUIDE_MODEL_FILE.replace(/\.onnx$/, ".sha256"), "utf8");
    expect(stored).toBe(`${GUIDE_IDENTITY}  guide-128.onnx\n`);
    expect(stored).toBe(`${await hash(GUIDE_MODEL_FILE)}  guide-128.onnx\n`);
    expect(await hash(BUNDLED_MODEL_FILE)).not.toBe(await hash(GUIDE_MODEL_FILE));
    const card = await readFile(GUIDE_MODEL_FILE.replace("guide-128.onnx", "GUIDE_CARD.md"), "utf8");
    expect(card).toContain(stored.split(" ")[0]);
  });

  it("that is missing, or is no network, is told with its name and what to do", async () => {
    for (const file of ["/nowhere/guide-128.onnx", GUIDE_MODEL_FILE.replace(/\.onnx$/, ".sha256")])
      expect(await thrownBy(() => Guide.open(file))).toMatchObject({
        code: "DECODER_BACKEND",
        fields: { file },
        message: expect.stringMatching(/^cannot load the guide network .*; install the package anew$/s),
      });
  });
});

describe("what the guide sees", () => {
  it("is one logit and its features for every place, about as wide as they should be", async () => {
    const [{ logits, features }] = await guide.look([asked(3)]);
    expect([logits.length, features.length]).toEqual([PLACES, PLACES * GUIDE_FEATURES]);
    const { least, most } = rangeOf(features);
    expect([least, most].every((end) => Math.abs(end) <= 6)).toBe(true);
    const square = features.reduce((sum, value) => sum + value * value, 0) / features.length;
    expect(square).toBeGreaterThan(0.3);
    expect(square).toBeLessThan(3);
  });

  it("is the same bits alone and among others, however many, in the order of the requests", async () => {
    // More than one batch of the network.
    const requests = Array.from({ length: 11 }, (_, i) => asked(i));
    const together = await guide.look(requests);
    expect(together).toHaveLength(requests.length);
    for (const [i, request] of requests.entries()) {
      const [alone] = await guide.look([request]);
      expect(sameBits(alone.logits, together[i].logits)).toBe(true);
      expect(sameBits(alone.features, together[i].features)).toBe(true);
    }
    const three = await guide.look(requests.slice(2, 5));
    expect(three.map(({ features }, i) => sameBits(features, together[2 + i].features))).toEqual([true, true, true]);
  });

  it("is another with another click, and is nothing where nothing is asked", async () => {
    const { image, point } = asked(3);
    const [one, other] = await guide.look([
      { image, point },
      { image, point: { x: point.y, y: point.x } },
    ]);
    expect(largestDifference(one.logits, other.logits)).toBeGreaterThan(0.5);
    expect(await guide.look([])).toEqual([]);
  });

  it("knows where the click is: rows go down, places are two pixels wide", async () => {
    const { image } = asked(1);
    // Between pixels 40 and 41, and 70 and 71: the middle of the place in column 20 and row 35.
    const [{ features }] = await guide.look([{ image, point: { x: 40.5, y: 70.5 } }]);
    const length = 1 + 28 + 64 + 3 + 2;
    const values = Array.from({ length: PLACES }, (_, place) => features[place * GUIDE_FEATURES + length]);
    const nearest = values.indexOf(Math.min(...values));
    expect([nearest % GUIDE_GRID, Math.floor(nearest / GUIDE_GRID)]).toEqual([20, 35]);
  });
});
