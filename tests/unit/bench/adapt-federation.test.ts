import { describe, expect, it } from "@jest/globals";
import { meanUpdate, studyDefaults } from "../../bench/adapt-federation-rounds.js";
import { shareOf } from "../../bench/adapt-federation-sites.js";

describe("the study in one process", () => {
  it("takes the mean of the updates by their images", () => {
    const study = { clip: 10, maxImages: 10_000 };
    const mean = meanUpdate(
      [
        { images: 10, delta: Float32Array.of(1, -2) },
        { images: 30, delta: Float32Array.of(3, 2) },
      ],
      study,
    );
    expect(mean[0]).toBeCloseTo(2.5, 4);
    expect(mean[1]).toBeCloseTo(1, 4);
  });

  it("clips an update as the study does", () => {
    const [value] = meanUpdate([{ images: 10, delta: Float32Array.of(100) }], { clip: 10, maxImages: 10_000 });
    expect(value).toBeCloseTo(10, 3);
  });

  it("has a study's own defaults", () => {
    expect(studyDefaults()).toMatchObject({ rounds: expect.any(Number), personalShare: expect.any(Number) });
  });

  it("deals every picture to one site, as evenly as it goes", () => {
    const items = Array.from({ length: 29 }, (_, i) => i);
    const shares = [0, 1, 2, 3].map((site) => shareOf(items, site, 4));
    expect(shares.flat()).toEqual(items);
    expect(shares.map(({ length }) => length)).toEqual([7, 7, 7, 8]);
  });
});
