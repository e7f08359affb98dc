import { PHASES } from "@fedbaps/core/federation/round-state.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { describe, expect, it } from "@jest/globals";
import { advanceTo, answer, makeRound, siteNames } from "./round-support.js";

// A study that gives its sites six hours: a round outlives nearly as much silence in every one of its phases.

const HOUR = 3_600_000;
const sites = siteNames(3);
const study = studySpecSchema.parse({ name: "study", participation: { sites }, silenceSeconds: 6 * 3600 });
const patient = () => makeRound(3, "all", { study });

describe("a round in which nobody says anything for hours", () => {
  it.each(PHASES)("goes on in %s where it was, with everybody", async (phase) => {
    const round = await advanceTo(phase, sites, patient());
    const asked = sites.map((site) => round.instructionFor(site));
    for (let hour = 1; hour < 6; hour++) await round.tick(hour * HOUR);
    expect([round.phase, round.dropOuts]).toEqual([phase, []]);
    expect(sites.map((site) => round.instructionFor(site))).toEqual(asked);
    while (!round.finished) await answer(round, sites, 6 * HOUR - 1);
    expect(round.state).toMatchObject({ phase: "completed", survivors: sites });
  });

  it("may last days, each phase by itself within its hours", async () => {
    const round = patient();
    for (let now = 5 * HOUR; !round.finished; now += 5 * HOUR) {
      await round.tick(now);
      await answer(round, sites, now);
    }
    expect(round.state).toMatchObject({ phase: "completed", survivors: sites });
    expect(round.dropOuts).toEqual([]);
  });

  it("ends when the hours are over, for those that had not answered", async () => {
    for (const phase of PHASES.slice(1)) {
      const round = await advanceTo(phase, sites, patient());
      await answer(round, sites.slice(1), 5 * HOUR);
      await round.tick(6 * HOUR - 1);
      expect(round.phase).toBe(phase);
      await round.tick(6 * HOUR);
      expect(round.state).toMatchObject({ phase: "aborted", code: "TOO_FEW_SITES", during: phase });
      expect(round.dropOuts.map(({ site, code }) => [site, code])).toEqual([["site-1", "SILENT"]]);
    }
  });
});
