import type { StudyDetail } from "@fedbaps/coordinator/commands/answers.js";
import { refusalOf } from "@fedbaps/coordinator/commands/api-client.js";
import { exitCodeOf } from "@fedbaps/coordinator/commands/exit-codes.js";
import { hasEnded, studyChanges } from "@fedbaps/coordinator/commands/study-changes.js";
import { applySettings } from "@fedbaps/coordinator/commands/study-settings.js";
import { CoordinatorError } from "@fedbaps/coordinator/errors.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { describe, expect, it } from "@jest/globals";

function makeStudy(overrides: Partial<StudyDetail> = {}): StudyDetail {
  return {
    name: "liver",
    status: "running",
    reason: null,
    completed: 0,
    waiting: null,
    driver: "r1",
    spec: { rounds: 2 },
    round: null,
    rounds: [],
    sites: ["north", "south"].map((site) => makeSite(site)),
    ...overrides,
  };
}

function makeSite(site: string, overrides: Partial<StudyDetail["sites"][number]> = {}): StudyDetail["sites"][number] {
  const defaults = { status: "approved", approved: true, reported: false, reportFailure: null, connected: true };
  return { site, ...defaults, lastMessage: null, state: null, ...overrides };
}

const attempt = { round: 1, attempt: 1, code: null, survivors: null, dropOuts: [], metrics: null };

describe("study watch", () => {
  it("says how a study stands, then only what is new", () => {
    const reference = { round: 1, attempt: 1 };
    const training = makeStudy({
      round: { reference, phase: "training" },
      rounds: [{ ...attempt, phase: "training" }],
      waiting: { reason: "training", sites: ["north"], deadline: null },
    });
    expect(studyChanges(undefined, training)).toEqual(["running", "round 1 of 2: training", "now: training: north"]);
    expect(studyChanges(training, training)).toEqual([]);
    const lost = makeStudy({
      round: { reference, phase: "maskedInput" },
      rounds: [{ ...attempt, phase: "maskedInput", dropOuts: [{ site: "south", code: "SILENT" }] }],
      sites: [makeSite("north"), makeSite("south", { connected: false })],
    });
    expect(studyChanges(training, lost)).toEqual([
      "round 1: lost south (SILENT)",
      "round 1 of 2: maskedInput",
      "south is not connected any more",
    ]);
    const done = makeStudy({
      status: "completed",
      rounds: [
        { ...attempt, phase: "aborted", code: "TOO_FEW_SITES" },
        { ...attempt, attempt: 2, phase: "completed", survivors: ["north"], metrics: { valDice: 0.71234 } },
      ],
      sites: [makeSite("north", { reported: true }), makeSite("south", { connected: false })],
    });
    expect(studyChanges(lost, done)).toEqual([
      "completed",
      "round 1 of 2 aborted (TOO_FEW_SITES)",
      "round 1 of 2, attempt 2 completed with 1 sites, Dice 0.7123",
      "north has reported",
    ]);
    expect([training, lost, done].map(hasEnded)).toEqual([false, false, true]);
  });
});

describe("study clone --set", () => {
  const spec = { rounds: 4, participation: { sites: ["a", "b", "c"], require: "all" } };

  it("makes whole settings of what is written as in a study file", () => {
    expect(applySettings(spec, ["rounds=8", "title=The liver: again", "sealed=false"])).toEqual({
      rounds: 8,
      title: "The liver: again",
      sealed: false,
    });
    expect(applySettings(spec, ["participation.require=3", "participation.sites=[a, b, c, d]"])).toEqual({
      participation: { sites: ["a", "b", "c", "d"], require: 3 },
    });
    expect(applySettings(spec, [])).toEqual({});
  });

  it("refuses what is no setting", () => {
    for (const change of ["rounds", "=3", "a.b.c=1", "x=[1"])
      expect(() => applySettings(spec, [change])).toThrow(UsageError);
  });
});

describe("the exit status", () => {
  it("says of what kind a failure is", () => {
    const cases: [unknown, number][] = [
      [new UsageError("x"), 2],
      [new CoordinatorError("STUDY_FILE", "x"), 2],
      [refusalOf(401, {}), 3],
      [refusalOf(403, { code: "FORBIDDEN", detail: "x" }), 3],
      [refusalOf(404, {}), 4],
      [refusalOf(409, {}), 5],
      [refusalOf(412, {}), 5],
      [refusalOf(503, undefined), 6],
      [new CoordinatorError("UNREACHABLE", "x"), 6],
      [refusalOf(400, {}), 1],
      [new Error("x"), 1],
    ];
    for (const [error, code] of cases) expect([error, exitCodeOf(error)]).toEqual([error, code]);
  });

  it("goes with a message that names every fault", () => {
    const problem = { code: "BAD_REQUEST", detail: "faults", errors: [{ path: "rounds", message: "too many" }] };
    expect(refusalOf(400, problem)).toMatchObject({ code: "BAD_REQUEST", message: "faults\n  rounds: too many" });
    expect(refusalOf(502, "<html>").message).toBe("the coordinator answered 502");
  });
});
