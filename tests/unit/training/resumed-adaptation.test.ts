import { freshMeter } from "@fedbaps/core/blackbox/metered.js";
import { type AdaptationOptions, type AdaptationState, adaptLocally } from "@fedbaps/core/training/local-adaptation.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { describe, expect, it } from "@jest/globals";
import { makeStudy } from "../site-agent/make-runner.js";
import { stubTraining } from "../site-agent/stub-training.js";

const ROUNDS = 3;

/** A process: what it has bought, what it stored last, and how it ended. */
async function life(from: AdaptationState | undefined, spent = freshMeter, options: AdaptationOptions = {}) {
  const bought = { steps: 0, images: 0 };
  const { open } = stubTraining({
    beforeStep: () => void bought.steps++,
    beforeImage: () => void bought.images++,
  });
  const { training } = await open(makeStudy({ rounds: ROUNDS }), spent);
  const whole = { ...training, rounds: ROUNDS } as unknown as SiteTraining;
  const ended = adaptLocally(whole, { ...options, ...(from ? { from } : {}) });
  return { ended, bought, meter: () => training.meter.state };
}

/** As it comes back from a disk. */
const stored = ({ optimizer, best, ...rest }: AdaptationState): AdaptationState => ({
  ...structuredClone(rest),
  optimizer: { ...optimizer, theta: optimizer.theta.slice(), moments: optimizer.moments.map((one) => one.slice()) },
  best: best.slice(),
});

describe("a local run that is cut off after any of its stored states", () => {
  it("goes on to the same result, and buys nothing twice", async () => {
    const states: AdaptationState[] = [];
    const better: number[] = [];
    const undisturbed = await life(undefined, freshMeter, {
      onState: async (state) => void states.push(stored(state)),
      onBetter: async (_, version) => void better.push(version),
    });
    const result = await undisturbed.ended;
    expect(result.deployed).toBe(true);
    // Zero-shot, three rounds and two reports, block by block; every step; every end of a measurement but the last.
    expect(states.length).toBe(4 * 5 + 2 * 5 + 4 * ROUNDS + 1);

    for (let cut = 0; cut < states.length; cut++) {
      let reached: AdaptationState | undefined;
      let count = 0;
      const first = await life(undefined, freshMeter, {
        onState: async (state) => {
          reached = stored(state);
          if (count++ === cut) throw new Error("cut off");
        },
      });
      await expect(first.ended).rejects.toThrow("cut off");
      const second = await life(reached, first.meter());
      expect([cut, await second.ended]).toEqual([cut, result]);
      expect([cut, first.bought.steps + second.bought.steps]).toEqual([cut, undisturbed.bought.steps]);
      expect([cut, first.bought.images + second.bought.images]).toEqual([cut, undisturbed.bought.images]);
      const { seconds: _, latency: __, ...counts } = second.meter();
      expect(counts).toMatchObject({ train: 16 * 4 * ROUNDS, validate: 4 * 4, report: 2 * 5 });
    }
  });
});
