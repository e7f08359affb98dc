import { tuningStart } from "@fedbaps/core/training/tuning-start.js";
import { expect, it } from "@jest/globals";

it("fine-tuning begins with the best shared version; where that is zero-shot, textures are those of the last round", () => {
  expect(tuningStart({ rounds: 4, decoder: "texture" }, 3)).toBe(3);
  expect(tuningStart({ rounds: 4, decoder: "texture" }, 0)).toBe(4);
  expect(tuningStart({ rounds: 4, decoder: "filter-bank" }, 3)).toBe(3);
  expect(tuningStart({ rounds: 4, decoder: "filter-bank" }, 0)).toBe(0);
});
