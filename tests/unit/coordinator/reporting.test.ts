import { Reporting } from "@fedbaps/coordinator/rounds/reporting.js";
import { describe, expect, it } from "@jest/globals";

describe("reporting", () => {
  const participants = ["a", "b", "c", "d"];
  const begin = () => new Reporting({ participants, reported: new Set(["a"]), silenceMs: 100, now: 1000 });

  it("waits for every participant until it has reported or been silent", () => {
    const reporting = begin();
    expect(reporting.waitingFor(1000)).toEqual(["b", "c", "d"]);
    reporting.reported("b");
    reporting.heard("c", 1050);
    expect(reporting.deadline(1060)).toBe(1100);
    expect(reporting.waitingFor(1100)).toEqual(["c"]);
    expect(reporting.deadline(1100)).toBe(1150);
    expect(reporting.waitingFor(1150)).toEqual([]);
    expect(reporting.deadline(1150)).toBeNull();
  });

  it("does not wait for who left, but again for who came back", () => {
    const reporting = begin();
    reporting.leave("b");
    reporting.leave("c");
    expect(reporting.waitingFor(1050)).toEqual(["d"]);
    reporting.join("c", 1060);
    reporting.join("d", 1060);
    expect(reporting.waitingFor(1100)).toEqual(["c"]);
    expect(reporting.deadline(1100)).toBe(1160);
  });
});
