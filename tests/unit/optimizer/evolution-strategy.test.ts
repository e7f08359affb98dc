import { RandomStream } from "@fedbaps/core/math/rng.js";
import {
  candidate,
  directions,
  recombine,
  type Search,
  startSearch,
} from "@fedbaps/core/optimizer/evolution-strategy.js";
import { describe, expect, it } from "@jest/globals";
import { sameBits } from "../../support/numbers.js";
import { fc } from "../../support/property.js";

const stream = (...name: (string | number)[]) => new RandomStream(1, "evolution", ...name);

/** So many generations of a search for the lowest loss. */
function searched(
  start: Search,
  loss: (x: Float32Array, generation: number) => number,
  { generations, count = 16, name = "a" }: { generations: number; count?: number; name?: string },
): Search {
  let search = start;
  for (let g = 0; g < generations; g++) {
    const tried = directions(start.mean.length, count, stream(name, g));
    const losses = tried.map((direction) => loss(candidate(search, direction), g));
    search = recombine(search, tried, losses);
  }
  return search;
}

const distance = (x: Float32Array, y: Float32Array) => Math.hypot(...x.map((value, i) => value - y[i]));
const target = Float32Array.from({ length: 24 }, (_, i) => Math.sin(3 * i));
const sphere = (x: Float32Array) => distance(x, target) ** 2;

describe("a generation", () => {
  it("of four candidates is what pencil and paper give", () => {
    const search: Search = { mean: Float32Array.of(1, 2), path: Float32Array.of(0, 0), sigma: 0.5 };
    const tried = [Float32Array.of(9, 9), Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(9, 9)];
    const { mean, path, sigma } = recombine(search, tried, [3, 1, 2, 4]);
    // Weights ln 2.5 and ln 2.5 - ln 2 over their sum: .80416 and .19584.
    expect(mean[0]).toBeCloseTo(1 + 0.5 * 0.80416, 4);
    expect(mean[1]).toBeCloseTo(2 + 0.5 * 0.19584, 4);
    // mu_w = 1 / (.80416^2 + .19584^2) = 1.45981; c = 3.45981 / 8.45981 = .40897; d = 1.40897.
    const gain = Math.sqrt(0.40897 * (2 - 0.40897) * 1.45981);
    expect(path[0]).toBeCloseTo(gain * 0.80416, 3);
    expect(path[1]).toBeCloseTo(gain * 0.19584, 3);
    const chance = Math.sqrt(2) * (1 - 1 / 8 + 1 / 84);
    const length = gain * Math.hypot(0.80416, 0.19584);
    expect(sigma).toBeCloseTo(0.5 * Math.exp((0.40897 / 1.40897) * (length / chance - 1)), 4);
  });

  it("goes by the order of the losses alone, takes the first of equals, and leaves what it was given", () => {
    const losses = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 16, maxLength: 16 });
    const tried = directions(6, 16, stream("order"));
    const search = startSearch(
      Float32Array.from({ length: 6 }, (_, i) => i),
      0.7,
    );
    const copy = structuredClone(search);
    fc.assert(
      fc.property(losses, (given) => {
        const found = recombine(search, tried, given);
        const stretched = recombine(
          search,
          tried,
          given.map((loss) => Math.exp(3 * loss) - 100),
        );
        const untied = recombine(
          search,
          tried,
          given.map((loss, i) => loss + i * 1e-6),
        );
        for (const other of [stretched, untied]) {
          expect(sameBits(other.mean, found.mean) && sameBits(other.path, found.path)).toBe(true);
          expect(other.sigma).toBe(found.sigma);
        }
        expect(search).toEqual(copy);
      }),
      { numRuns: 100 },
    );
  });

  it("has candidates spread by the step size around the mean, the same for the same stream", () => {
    const search = startSearch(new Float32Array(24).fill(3), 0.2);
    const tried = directions(24, 400, stream("spread"));
    expect(directions(24, 400, stream("spread"))).toEqual(tried);
    const values = tried.flatMap((direction) => [...candidate(search, direction)]);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean).toBeCloseTo(3, 1);
    expect(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)).toBeCloseTo(0.2, 2);
  });
});

describe("a search", () => {
  it("finds the lowest point of a bowl in 24 dimensions, closer and closer, and takes smaller and smaller steps", () => {
    const start = startSearch(new Float32Array(24), 1);
    const sooner = searched(start, sphere, { generations: 60 });
    const later = searched(start, sphere, { generations: 200 });
    expect(distance(sooner.mean, target)).toBeLessThan(distance(start.mean, target) / 5);
    expect(distance(later.mean, target)).toBeLessThan(0.01);
    expect(later.sigma).toBeLessThan(sooner.sigma);
  });

  it("takes longer steps while it is far away", () => {
    const far = startSearch(new Float32Array(24).fill(1000), 0.1);
    expect(searched(far, sphere, { generations: 60 }).sigma).toBeGreaterThan(1);
  });

  it("gets there where the losses are of another image every generation, and noisy", () => {
    const noise = stream("noise");
    const noisy = (x: Float32Array, generation: number) =>
      sphere(x) * (1 + 0.3 * Math.sin(generation)) + 5 * (generation % 3) + 0.5 * noise.normal();
    const found = searched(startSearch(new Float32Array(24), 1), noisy, { generations: 150 });
    expect(distance(found.mean, target)).toBeLessThan(distance(new Float32Array(24), target) / 4);
  });

  it("of six sites that average their means now and then gets further than one site does by itself", () => {
    const noises = Array.from({ length: 6 }, (_, site) => stream("noise", site));
    const lossAt = (site: number) => (x: Float32Array) => sphere(x) + 8 * noises[site].normal();
    const start = startSearch(new Float32Array(24), 1);
    let searches = noises.map(() => start);
    for (let round = 0; round < 8; round++) {
      searches = searches.map((search, site) =>
        searched(search, lossAt(site), { generations: 5, name: `site ${site} round ${round}` }),
      );
      const mean = start.mean.map((_, i) => searches.reduce((sum, search) => sum + search.mean[i], 0) / 6);
      searches = searches.map((search) => ({ ...search, mean }));
    }
    const alone = searched(start, lossAt(0), { generations: 40 });
    expect(distance(searches[0].mean, target)).toBeLessThan(0.7 * distance(alone.mean, target));
  });
});
