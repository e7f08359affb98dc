import { studentTest } from "@fedbaps/core/metrics/student-t.js";
import { describe, expect, it } from "@jest/globals";

describe("Student's t-test", () => {
  it.each([
    // By scipy 1.17, ttest_1samp(..., alternative="greater").
    [[0.1, 0.3], 0.14758361765043326],
    [[0.1, 0.2, 0.3], 0.03708995011372425],
    [[0.3, 0.2, -0.1, 0.4], 0.08058092360675975],
    [[0.3, 0.2, -0.1, 0.4, 0.25], 0.03366137624971265],
    [[0.3, 0.2, -0.1, 0.4, 0.25, 0.05, 0.1], 0.01778301111879395],
  ])("of %j", (differences, p) => {
    expect(Math.abs(studentTest(differences) - p)).toBeLessThan(1e-12);
    expect(Math.abs(studentTest(differences.map((value) => -value)) - (1 - p))).toBeLessThan(1e-12);
  });

  it("of what does not vary is plain, and of less than two says nothing", () => {
    expect([[0.5, 0.5], [0, 0], [-0.5, -0.5], [0.5], []].map(studentTest)).toEqual([0, 1, 1, 1, 1]);
  });

  it("refuses what is no number", () => {
    expect(() => studentTest([1, Number.NaN])).toThrow(RangeError);
  });
});
