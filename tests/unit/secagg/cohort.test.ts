import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { cohortHash, defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { createIdentity } from "@fedbaps/core/secagg/keys.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, makeParties, seededBytes } from "../../protocol/parties.js";

const { cohort, identities } = makeParties({ size: 6 });
const { members } = cohort;

describe("cohorts", () => {
  it("need more than two thirds by default: 3 sites tolerate no drop-out, 4 and 5 one, 10 three", () => {
    expect([3, 4, 5, 10].map((n) => n - defaultThreshold(n))).toEqual([0, 1, 1, 3]);
  });

  it.each<[string, Partial<Cohort>]>([
    ["two sites", { members: members.slice(0, 2), threshold: 2, minSurvivors: 2 }],
    ["unsorted", { members: [members[1], members[0], ...members.slice(2)] }],
    ["a site twice", { members: [members[0], members[0], ...members.slice(2)] }],
    ["one key for two sites", { members: [{ ...members[0], boxKey: members[1].boxKey }, ...members.slice(1)] }],
    ["a threshold of half", { threshold: 3 }],
    ["a threshold above n", { threshold: 7, minSurvivors: 7 }],
    ["a broken threshold", { threshold: 4.5 }],
    ["fewer survivors than the threshold", { minSurvivors: 4, threshold: 5 }],
    ["more survivors than sites", { minSurvivors: 7 }],
    ["empty vectors", { length: 0 }],
  ])("%s: refused by site and coordinator", (_, change) => {
    const bad = { ...cohort, ...change };
    expect(codeThrown(() => new SecAggServer({ cohort: bad }))).toBe("BAD_COHORT");
    const site = { identity: identities[0], cohort: bad, random: seededBytes(1) };
    expect(codeThrown(() => new SecAggClient(site))).toBe("BAD_COHORT");
  });

  it("a site refuses one that does not name it, or that gives it other keys", () => {
    const stranger = createIdentity("stranger", seededBytes(9));
    const impostor = createIdentity(identities[0].site, seededBytes(9));
    for (const identity of [stranger, impostor, { ...identities[0], box: impostor.box }])
      expect(codeThrown(() => new SecAggClient({ identity, cohort, random: seededBytes(1) }))).toBe("BAD_COHORT");
  });

  it("have a hash that every field changes", () => {
    const changes: Partial<Cohort>[] = [
      { reference: { ...cohort.reference, attempt: 2 } },
      { studyHash: "cd".repeat(32) },
      { members: members.slice(1) },
      { threshold: 6 },
      { minSurvivors: 6 },
      { length: 6 },
    ];
    const hashes = [cohort, ...changes.map((change) => ({ ...cohort, ...change }))].map(cohortHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
