import { inTurns } from "@fedbaps/core/nifti/turns.js";
import { expect, it } from "@jest/globals";

it("goes through all items once, in order, and lets others go on in between", async () => {
  for (const [count, turn] of [
    [0, 3],
    [3, 3],
    [7, 3],
    [8, 1],
  ]) {
    const seen: number[] = [];
    let others = 0;
    const tick = () => {
      others++;
      if (seen.length < count) setImmediate(tick);
    };
    setImmediate(tick);
    await inTurns(
      count,
      (from, to) => {
        for (let i = from; i < to; i++) seen.push(i);
      },
      turn,
    );
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(others).toBeGreaterThanOrEqual(Math.max(0, Math.ceil(count / turn) - 1));
  }
});
