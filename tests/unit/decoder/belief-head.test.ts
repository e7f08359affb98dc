import { beliefOf, sigmoid } from "@fedbaps/core/decoder/belief-head.js";
import { HIDDEN, initialTexture, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { GUIDE_FEATURES, GUIDE_GRID, type GuideView } from "@fedbaps/core/guide/guide.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { largestDifference, rangeOf } from "../../support/numbers.js";

const PLACES = GUIDE_GRID * GUIDE_GRID;
const stream = new RandomStream(1, "belief-head");
const normals = (length: number) => Float32Array.from({ length }, () => stream.normal());
const seen: GuideView = { logits: normals(PLACES), features: normals(PLACES * GUIDE_FEATURES) };

describe("the belief head", () => {
  it("is the guide's own answer before it is trained", () => {
    const belief = beliefOf(initialTexture(1), seen);
    expect(largestDifference(belief, seen.logits.map(sigmoid))).toBeLessThan(1e-7);
  });

  it("is what its two layers give when they are written out", () => {
    const theta = normals(textureLayout.length).map((value) => 0.3 * value);
    const tensor = (name: string) => textureLayout.view(theta, name);
    const expected = Float64Array.from({ length: PLACES }, (_, place) => {
      const x = [...seen.features.subarray(place * GUIDE_FEATURES, (place + 1) * GUIDE_FEATURES)];
      const units = Array.from({ length: HIDDEN }, (_, h) =>
        Math.max(
          0,
          tensor("head.bias")[h] + x.reduce((sum, v, f) => sum + v * tensor("head.weight")[f * HIDDEN + h], 0),
        ),
      );
      const correction = units.reduce((sum, unit, h) => sum + unit * tensor("head.out")[h], tensor("head.out_bias")[0]);
      return 1 / (1 + Math.exp(-(seen.logits[place] + correction)));
    });
    expect(largestDifference(beliefOf(theta, seen), expected)).toBeLessThan(1e-6);
    const { least, most } = rangeOf(expected);
    expect(most - least).toBeGreaterThan(0.9);
  });
});
