import { CANDIDATES, textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { stepsAfter } from "@fedbaps/core/training/budget-plan.js";
import {
  CANDIDATES_PER_STEP,
  ownPoll,
  type Poll,
  polledImage,
  sharedPoll,
  standing,
  Votes,
} from "@fedbaps/core/training/texture-poll.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

interface Asked {
  readonly image: number;
  readonly candidates: readonly number[];
}

/** A whole poll of so many steps, with what a candidate is worth on an image. */
function poll(
  steps: number,
  worth: (image: number, candidate: number) => number,
): { asked: Asked[]; votes: Votes; moments: Float32Array[] } {
  const moments = [new Float32Array(textureLayout.length), new Float32Array(textureLayout.length)];
  const votes = new Votes(moments);
  const asked: Asked[] = [];
  for (let step = 0; step < steps; step++) {
    const image = polledImage(step, steps);
    const candidates = votes.next(step, steps);
    asked.push({ image, candidates });
    for (const candidate of candidates) votes.count(candidate, worth(image, candidate));
  }
  return { asked, votes, moments };
}

const lengths = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 80 }));
const table = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: CANDIDATES, maxLength: CANDIDATES });

describe("a poll", () => {
  it("shows one image under eight candidates at every step, none of them twice", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const { asked } = poll(steps, (image, candidate) => (quality[candidate] + ((image * 7) % 5)) / 6);
        for (const { candidates } of asked) {
          expect(new Set(candidates).size).toBe(CANDIDATES_PER_STEP);
          expect(candidates.every((one) => Number.isInteger(one) && one >= 0 && one < standing(steps))).toBe(true);
        }
        const pairs = asked.flatMap(({ image, candidates }) => candidates.map((candidate) => `${image}/${candidate}`));
        expect(new Set(pairs).size).toBe(steps * CANDIDATES_PER_STEP);
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("of %d steps judges eight candidates at each", (steps) => {
    const { asked, votes } = poll(steps, (_, candidate) => candidate / CANDIDATES);
    expect(asked.map(({ candidates }) => new Set(candidates).size)).toEqual(new Array(steps).fill(8));
    // The last of those that stood is the best, and was judged to the end.
    expect(votes.winner).toBe(standing(steps) - 1);
    const last = asked.filter(({ image }) => image === asked[steps - 1].image);
    expect(last.flatMap(({ candidates }) => candidates)).toContain(votes.winner);
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

  it("in full lets all stand, drops half after two images, and leaves the best eight most of the images", () => {
    const { asked } = poll(32, (_, candidate) => candidate / CANDIDATES);
    const counts = Array.from(
      { length: asked[31].image + 1 },
      (_, image) => asked.filter((one) => one.image === image).length * CANDIDATES_PER_STEP,
    );
    expect(counts).toEqual([48, 48, 24, 24, 16, 16, 16, 16, 8, 8, 8, 8, 8, 8]);
    expect(asked[31].candidates).toEqual([47, 46, 45, 44, 43, 42, 41, 40]);
  });

  it("of eight steps is among sixteen, the better half of them on six images", () => {
    expect(standing(8)).toBe(16);
    const { asked } = poll(8, (_, candidate) => candidate / CANDIDATES);
    expect(asked.map(({ image }) => image)).toEqual([0, 0, 1, 1, 2, 3, 4, 5]);
    expect([...asked[7].candidates].sort((a, b) => a - b)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });
});

describe("votes", () => {
  it("keep each candidate's mean worth and how often it was judged, and touch nothing else", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const worth = (image: number, candidate: number) => (quality[candidate] + ((image * 3) % 4)) / 5;
        const { asked, moments } = poll(steps, worth);
        const [judged, means] = moments.map((moment) => textureLayout.view(moment, "poll.score"));
        for (let candidate = 0; candidate < CANDIDATES; candidate++) {
          const own = asked
            .filter(({ candidates }) => candidates.includes(candidate))
            .map(({ image }) => worth(image, candidate));
          expect(judged[candidate]).toBe(own.length);
          const mean = own.length === 0 ? 0 : own.reduce((a, b) => a + b, 0) / own.length;
          expect(means[candidate]).toBeCloseTo(mean, 5);
        }
        const { offset, size } = textureLayout.entry("poll.score");
        for (const moment of moments)
          expect(moment.every((value, i) => value === 0 || (i >= offset && i < offset + size))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("elect the best of those that stood, where images do not differ", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const worth = (candidate: number) => Math.fround(0.1 + 0.9 * quality[candidate]);
        const { asked, votes } = poll(steps, (_, candidate) => worth(candidate));
        const stood = [...new Set(asked.flatMap(({ candidates }) => candidates))];
        expect(worth(votes.winner)).toBeCloseTo(Math.max(...stood.map(worth)), 5);
      }),
      { numRuns: 100 },
    );
  });

  it("elect one that stayed to the end, also where one that left early has the higher mean", () => {
    // On the first two images candidates 8 to 15 are ahead; all later ones are hard for all who are still there.
    const { asked, votes, moments } = poll(8, (image, candidate) =>
      image < 2 ? 0.5 + candidate / 100 : 0.01 * (candidate % 3),
    );
    const means = textureLayout.view(moments[1], "poll.score");
    const stayed = asked[7].candidates;
    expect(stayed).toContain(votes.winner);
    expect(means[7]).toBeGreaterThan(means[votes.winner]);
    expect(Math.max(...stayed.map((candidate) => means[candidate]))).toBe(means[votes.winner]);
    const scores = votes.scores();
    expect(scores[votes.winner]).toBe(Math.max(...scores));
    expect(scores[7]).toBeLessThan(scores[votes.winner]);
  });

  it("give scores in [0, 1] that keep the order: who stayed longer, then who was worth more; 0 if never judged", () => {
    fc.assert(
      fc.property(lengths, table, (steps, quality) => {
        const { votes, moments } = poll(steps, (image, candidate) => (quality[candidate] + ((image * 3) % 4)) / 4);
        const [judged, means] = moments.map((moment) => [...textureLayout.view(moment, "poll.score")]);
        const scores = [...votes.scores()];
        const best = Math.max(...scores);
        expect(scores[votes.winner]).toBe(best);
        expect(scores.indexOf(best)).toBe(votes.winner);
        for (let a = 0; a < CANDIDATES; a++) {
          expect(scores[a] >= 0 && scores[a] <= 1).toBe(true);
          expect(scores[a] === 0).toBe(judged[a] === 0);
          for (let b = 0; b < a; b++) {
            // Float32 cannot tell means apart that hardly differ.
            const ahead = judged[a] - judged[b] || (Math.abs(means[a] - means[b]) > 1e-4 ? means[a] - means[b] : 0);
            if (ahead > 0) expect(scores[a]).toBeGreaterThanOrEqual(scores[b]);
            if (ahead < 0) expect(scores[a]).toBeLessThanOrEqual(scores[b]);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("are none after they are cleared", () => {
    const { votes, moments } = poll(8, () => 0.5);
    votes.clear();
    expect(moments.every((moment) => moment.every((value) => value === 0))).toBe(true);
    expect(votes.scores().every((score) => score === 0)).toBe(true);
    expect(votes.next(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

/** Every step's poll holds the step, and the polls follow one another without a gap. */
function expectTiled(steps: number, pollOf: (step: number) => Poll): Poll[] {
  const all: Poll[] = [];
  for (let step = 0; step < steps; step++) {
    const own = pollOf(step);
    expect(own.first <= step && step < own.first + own.steps).toBe(true);
    if (step === own.first) all.push(own);
    expect(own).toEqual(all.at(-1));
  }
  expect(all.reduce((sum, { steps }) => sum + steps, 0)).toBe(steps);
  return all;
}

describe("a site's own polls", () => {
  it("tile its steps: a long one, a third of all at most, then short ones", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2000 })), (steps) => {
        const all = expectTiled(steps, (step) => ownPoll(step, steps));
        expect(all.every(({ shared }) => !shared)).toBe(true);
        const [opening, ...next] = all.map((one) => one.steps);
        expect(opening).toBe(Math.max(1, Math.min(32, Math.floor(steps / 3))));
        expect(next.slice(0, -1).every((length) => length === 8)).toBe(true);
        if (next.length > 0) expect(next.at(-1)).toBeLessThanOrEqual(8);
      }),
      { numRuns: 200 },
    );
  });
});

describe("the polls of a federation", () => {
  it("are the rounds, shared by all sites", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(500), (rounds, more) => {
        const steps = rounds + more;
        const ends = Array.from({ length: rounds }, (_, round) => stepsAfter(steps, round + 1, rounds));
        const all = expectTiled(steps, (step) => sharedPoll(step, ends));
        expect(all.map(({ first, steps }) => first + steps)).toEqual(ends);
        expect(all.every(({ shared }) => shared)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
