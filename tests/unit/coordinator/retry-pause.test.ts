import { pauseAfter } from "@fedbaps/coordinator/rounds/retry-pause.js";
import { describe, expect, it } from "@jest/globals";

const ended = (...codes: string[]) => codes.map((code) => ({ code }));
const failed = (count: number) => ended(...new Array<string>(count).fill("TOO_FEW_SITES"));

describe("the pause before an attempt", () => {
  it("grows with the failures, up to a minute", () => {
    expect([0, 1, 2, 3, 4, 6, 7, 40].map((count) => pauseAfter(failed(count)) / 1000)).toEqual([
      0, 0, 2, 4, 8, 32, 60, 60,
    ]);
  });

  it("does not grow with interruptions, however many", () => {
    const restarted = ended(...new Array<string>(20).fill("COORDINATOR_RESTARTED"), "STUDY_PAUSED", "ROSTER_CHANGED");
    expect(pauseAfter(restarted)).toBe(0);
    expect(pauseAfter([...restarted, ...failed(2)])).toBe(2000);
  });
});
