import type { RosterView, Site, StudySummary } from "@fedbaps/dashboard/api/types.js";
import { controlsOf } from "@fedbaps/dashboard/logic/controls.js";
import { dicePlot, plotSentence } from "@fedbaps/dashboard/logic/dice-plot.js";
import { headFigures } from "@fedbaps/dashboard/logic/head-figures.js";
import { abortedAttempts, participation } from "@fedbaps/dashboard/logic/participation.js";
import { parseRoute } from "@fedbaps/dashboard/logic/routes.js";
import { setUpSteps } from "@fedbaps/dashboard/logic/set-up.js";
import { describe, expect, test } from "@jest/globals";
import { anAttempt, aSite, aStudy, SITES } from "./studies.js";

describe("who took part", () => {
  const dropOut = { site: "st-mary", phase: "maskedInput", code: "SILENT", at: 5 };
  const attempts = [
    anAttempt(1),
    anAttempt(2, { phase: "aborted", code: "TOO_FEW_SITES", survivors: null }),
    anAttempt(2, { attempt: 2, survivors: ["city-hospital", "university"], dropOuts: [dropOut] }),
    anAttempt(3, { survivors: SITES, dropOuts: [{ ...dropOut, phase: "unmask" }] }),
  ];

  test("has completed rounds only, the newest first, and tells a drop-out from a site that was not there", () => {
    const rows = participation(attempts, [...SITES, "new-clinic"]);
    expect(rows.map(({ round, attempt }) => [round, attempt])).toEqual([
      [3, 1],
      [2, 2],
      [1, 1],
    ]);
    expect(rows[1]!.cells.map(({ presence }) => presence)).toEqual(["in", "dropped", "in", "absent"]);
    expect(rows[1]!.cells[1]!.dropOut).toEqual(dropOut);
  });

  test("a site that left after its masked input came is in the sum all the same", () => {
    const [cell] = participation(attempts, ["st-mary"])[0]!.cells;
    expect(cell).toMatchObject({ presence: "in", dropOut: { phase: "unmask" } });
  });

  test("attempts that came to nothing are listed apart", () => {
    expect(abortedAttempts(attempts).map(({ code }) => code)).toEqual(["TOO_FEW_SITES"]);
  });
});

describe("the Dice plot", () => {
  const attempts = [
    anAttempt(1, { metrics: { valDice: 0.6, zeroShotValDice: 0.5 } }),
    anAttempt(2, { metrics: null }),
    anAttempt(3, { metrics: { valDice: 0.7, zeroShotValDice: 0.5 } }),
  ];

  test("has a point a round, with gaps where nothing was let out", () => {
    const plot = dicePlot(attempts, [{ round: 3, site: "st-mary", valDice: 0.8, zeroShotValDice: null }]);
    expect(plot.after).toEqual([0, 1, 2]);
    expect(plot.lines.map(({ kind, values }) => [kind, values])).toEqual([
      ["cohort", [0.6, null, 0.7]],
      ["zero-shot", [0.5, null, 0.5]],
      ["site", [null, null, 0.8]],
    ]);
    expect(plotSentence(plot)).toBe(
      "After 2 rounds, validation Dice of all sites together is 0.700, against 0.500 without adaptation.",
    );
  });

  test("has no lines while no site lets a figure out", () => {
    const plot = dicePlot([anAttempt(1)], []);
    expect(plot.lines).toEqual([]);
    expect(plotSentence(plot)).toBeUndefined();
  });
});

test("the head shows the newest round's figures, and the reports' once they are there", () => {
  const study = aStudy({
    rounds: [
      anAttempt(1, { metrics: { valDice: 0.75, zeroShotValDice: 0.5 } }),
      anAttempt(2, { phase: "training", metrics: null }),
    ],
    sites: [aSite("city-hospital", { queries: 100 }), aSite("st-mary", { queries: 50 })],
  });
  expect(headFigures(study)).toEqual({ diceLabel: "Validation Dice", dice: 0.75, gain: 0.25, queries: 150 });
  const report = {
    site: "st-mary",
    deployed: true,
    queries: 200,
    blackboxSeconds: 1,
    version: 2,
    zeroShotDice: 0.5,
    adaptedDice: 1,
  };
  expect(headFigures({ ...study, reports: [report] })).toMatchObject({
    diceLabel: "Mean test Dice after",
    dice: 1,
    gain: 0.5,
    queries: 300,
  });
});

test("what can be done with a study depends on where it is", () => {
  expect(controlsOf("draft")).toEqual(["start", "edit", "abort", "clone"]);
  expect(controlsOf("running")).toEqual(["pause", "abort", "clone"]);
  expect(controlsOf("paused")).toEqual(["resume", "abort", "clone"]);
  expect(controlsOf("completed")).toEqual(["clone"]);
});

test("addresses lead to pages, and odd ones nowhere", () => {
  expect(parseRoute("/")).toEqual({ page: "home" });
  expect(parseRoute("/studies/lesions")).toEqual({ page: "study", name: "lesions" });
  expect(parseRoute("/studies/lesions/edit")).toEqual({ page: "edit-study", name: "lesions" });
  expect(parseRoute("/new-study", "?from=lesions")).toEqual({ page: "new-study", from: "lesions" });
  expect(parseRoute("/audit", "")).toEqual({ page: "audit", study: undefined });
  for (const path of ["/else", "/sites/x", "/studies/a/b", "/studies/a/edit/b"])
    expect(parseRoute(path)).toEqual({ page: "unknown" });
  expect(parseRoute("/studies/%")).toEqual({ page: "study", name: "%" });
});

describe("the set-up", () => {
  const site = (name: string, status: Site["status"]): Site => ({
    site: name,
    status,
    fingerprint: null,
    words: null,
    keysSince: null,
    connected: false,
    lastMessage: null,
    createdAt: 0,
    inviteExpiresAt: null,
    bytesUp: 0,
    bytesDown: 0,
  });
  const roster = (names: string[]): RosterView["current"] => ({
    signed: { roster: { version: 1, members: names.map((name) => ({ site: name, signKey: "", boxKey: "" })) } },
    hash: "",
    words: "",
    lead: "",
  });
  const study = (status: StudySummary["status"]): StudySummary => ({ ...aStudy({ status }), rounds: 8 });
  const done = (steps: ReturnType<typeof setUpSteps>) => steps.filter((step) => step.done).map(({ id }) => id);
  const current = (steps: ReturnType<typeof setUpSteps>) => steps.find((step) => step.current)?.id;
  const approved = SITES.map((name) => site(name, "approved"));

  test("begins with nothing, and the first step is the current one", () => {
    const steps = setUpSteps([], null, []);
    expect(done(steps)).toEqual([]);
    expect(current(steps)).toBe("invite");
  });

  test("each step is read off what is there", () => {
    expect(
      done(
        setUpSteps(
          SITES.map((name) => site(name, "invited")),
          null,
          [],
        ),
      ),
    ).toEqual(["invite"]);
    expect(
      done(
        setUpSteps(
          SITES.map((name) => site(name, "pending")),
          null,
          [],
        ),
      ),
    ).toEqual(["invite", "enrol"]);
    expect(current(setUpSteps(approved, null, []))).toBe("roster");
    expect(current(setUpSteps(approved, roster(SITES), []))).toBe("study");
    expect(current(setUpSteps(approved, roster(SITES), [study("draft")]))).toBe("start");
    expect(current(setUpSteps(approved, roster(SITES), [study("enrolling")]))).toBe("start");
    expect(current(setUpSteps(approved, roster(SITES), [study("running")]))).toBeUndefined();
  });

  test("a site that is approved after the roster was signed opens that step again", () => {
    const steps = setUpSteps([...approved, site("new-clinic", "approved")], roster(SITES), []);
    expect(current(steps)).toBe("roster");
  });

  test("revoked sites and aborted studies do not count", () => {
    const steps = setUpSteps(
      SITES.map((name) => site(name, "revoked")),
      null,
      [study("aborted")],
    );
    expect(done(steps)).toEqual([]);
  });
});
