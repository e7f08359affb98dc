import { Reporting } from "@fedbaps/coordinator/rounds/reporting.js";
import { describe, expect, it } from "@jest/globals";

describe("reporting", () => {
  it("waits for every participant until it has reported, failed or been silent", () => {
    const participants = ["a", "b", "c", "d"];
    const reporting = new Reporting({ participants, reported: new Set(["a"]), silenceMs: 100, now: 1000 });
    expect(reporting.waitingFor(1000)).toEqual(["b", "c", "d"]);
    reporting.settle("b");
    reporting.heard("c", 1050);
    expect(reporting.deadline(1060)).toBe(1100);
    expect(reporting.waitingFor(1100)).toEqual(["c"]);
    expect(reporting.deadline(1100)).toBe(1150);
    expect(reporting.waitingFor(1150)).toEqual([]);
    expect(reporting.deadline(1150)).toBeNull();
  });
});
