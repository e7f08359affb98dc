import { CANDIDATES, electedCandidate, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import {
  CANDIDATES_PER_STEP,
  countVotes,
  polledCandidates,
  polledImage,
  pollSteps,
} from "@fedbaps/core/training/texture-poll.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

interface Asked {
  readonly image: number;
  readonly candidates: readonly number[];
}

/** A whole poll of so many steps, with scores by image and candidate. */
function poll(
  steps: number,
  score: (image: number, candidate: number) => number,
): { asked: Asked[]; state: OptimizerState } {
  const empty = () => new Float32Array(textureLayout.length);
  let state: OptimizerState = { step: 0, theta: empty(), moments: [empty(), empty()] };
  const asked: Asked[] = [];
  for (let step = 0; step < steps; step++) {
    const image = polledImage(step, steps);
    const candidates = polledCandidates(state, steps);
    asked.push({ image, candidates });
    countVotes(
      state,
      candidates,
      candidates.map((candidate) => score(image, candidate)),
    );
    state = { ...state, step: step + 1 };
  }
  return { asked, state };
}

const lengths = fc.integer({ min: 1, max: 32 });
const table = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: CANDIDATES, maxLength: CANDIDATES });

describe("a poll", () => {
  it("shows one image under eight candidates at every step, none of them twice", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const { asked } = poll(steps, (image, candidate) => (quality[candidate] + ((image * 7) % 5)) / 6);
        for (const { candidates } of asked) {
          expect(candidates).toHaveLength(CANDIDATES_PER_STEP);
          expect(candidates.every((one) => Number.isInteger(one) && one >= 0 && one < CANDIDATES)).toBe(true);
        }
        const pairs = asked.flatMap(({ image, candidates }) => candidates.map((candidate) => `${image}/${candidate}`));
        expect(new Set(pairs).size).toBe(steps * CANDIDATES_PER_STEP);
      }),
      { numRuns: 200 },
    );
  });

  it("takes one image after the other, and who left does not come back", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const { asked } = poll(steps, (image, candidate) => (quality[candidate] * (1 + (image % 3))) / 3);
        asked.forEach(({ image }, i) => {
          const before = i === 0 ? -1 : asked[i - 1].image;
          expect(image === before || image === before + 1).toBe(true);
        });
        const judgedOn = (image: number) =>
          new Set(asked.filter((one) => one.image === image).flatMap(({ candidates }) => candidates));
        for (let image = 1; image <= asked[steps - 1].image; image++) {
          const before = judgedOn(image - 1);
          expect([...judgedOn(image)].every((candidate) => before.has(candidate))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("keeps each candidate's mean score, and how often it was judged", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const score = (image: number, candidate: number) => (quality[candidate] + ((image * 3) % 4)) / 5;
        const { asked, state } = poll(steps, score);
        const means = textureLayout.view(state.theta, "poll.score");
        const judged = textureLayout.view(state.moments[0], "poll.score");
        for (let candidate = 0; candidate < CANDIDATES; candidate++) {
          const own = asked
            .filter(({ candidates }) => candidates.includes(candidate))
            .map(({ image }) => score(image, candidate));
          expect(judged[candidate]).toBe(own.length);
          const mean = own.length === 0 ? 0 : own.reduce((a, b) => a + b, 0) / own.length;
          expect(means[candidate]).toBeCloseTo(mean, 5);
        }
        // Nothing but the scores and their counts is touched.
        const { offset, size } = textureLayout.entry("poll.score");
        for (const vector of [state.theta, ...state.moments])
          expect(vector.every((value, i) => value === 0 || (i >= offset && i < offset + size))).toBe(true);
        expect(state.moments[1].every((value) => value === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("elects the best of those that stood, where images do not differ", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const { asked, state } = poll(steps, (_, candidate) => 0.1 + 0.9 * quality[candidate]);
        const stood = [...new Set(asked.flatMap(({ candidates }) => candidates))];
        const best = Math.max(...stood.map((candidate) => Math.fround(0.1 + 0.9 * quality[candidate])));
        expect(textureLayout.view(state.theta, "poll.score")[electedCandidate(state.theta)]).toBeCloseTo(best, 5);
      }),
      { numRuns: 100 },
    );
  });

  it("in full lets all stand, drops half after two images, and leaves the best eight most of the images", () => {
    const { asked } = poll(32, (_, candidate) => candidate / CANDIDATES);
    const counts = Array.from(
      { length: asked[31].image + 1 },
      (_, image) => asked.filter((one) => one.image === image).length * CANDIDATES_PER_STEP,
    );
    expect(counts).toEqual([48, 48, 24, 24, 16, 16, 16, 16, 8, 8, 8, 8, 8, 8]);
    expect(asked[31].candidates).toEqual([47, 46, 45, 44, 43, 42, 41, 40]);
  });
});

describe("the steps of a poll", () => {
  it("are a third of all at most, 32 at most, one at least, and leave one for every later round", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(2000), (rounds, more) => {
        const steps = rounds + more;
        const opening = pollSteps(steps, rounds);
        expect(opening).toBeGreaterThanOrEqual(1);
        expect(opening).toBeLessThanOrEqual(Math.max(1, Math.min(32, steps / 3)));
        expect(steps - opening).toBeGreaterThanOrEqual(rounds - 1);
      }),
      { numRuns: 500 },
    );
    expect([pollSteps(1000, 4), pollSteps(60, 4), pollSteps(5, 5), pollSteps(12, 10)]).toEqual([32, 20, 1, 3]);
  });
});
