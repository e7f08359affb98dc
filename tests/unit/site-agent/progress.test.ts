import { ProgressDisplay } from "@fedbaps/site-agent/progress.js";
import { describe, expect, it } from "@jest/globals";

describe("progress of a study", () => {
  const figures = { study: "lesions", rounds: 2, budget: 300 };

  it("guesses the time left while it spends, and none once nothing is spent any more", () => {
    let time = 0;
    const clock = { now: () => time, elapsed: () => time, after: () => () => {} };
    const display = new ProgressDisplay({ write: () => {}, clock, json: false, terminal: false });
    display.show({ ...figures, phase: "training", queries: 0 });
    time = 10_000;
    expect(display.show({ ...figures, phase: "training", queries: 100 }).secondsLeft).toBe(20);
    for (const phase of ["done", "completed", "aborted"])
      expect(display.show({ ...figures, phase, queries: 279 })).not.toHaveProperty("secondsLeft");
  });
});
