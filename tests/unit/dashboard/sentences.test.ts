import { AUDIT_ACTIONS } from "@fedbaps/coordinator/audit/actions.js";
import { PHASES } from "@fedbaps/core/federation/round-state.js";
import type { AuditRecord, RoundNow, Study } from "@fedbaps/dashboard/api/types.js";
import { actorWords, auditSentence, knownActions } from "@fedbaps/dashboard/logic/audit-words.js";
import { knownCodes, sentence } from "@fedbaps/dashboard/logic/codes.js";
import { phaseWords, stepper } from "@fedbaps/dashboard/logic/phases.js";
import { nowLine, waitingWords } from "@fedbaps/dashboard/logic/study-line.js";
import { describe, expect, test } from "@jest/globals";
import { aStudy } from "./studies.js";

const NOW = 1_000_000;
const MINUTE = 60_000;

function running(round: Partial<RoundNow>): Study {
  return aStudy({
    status: "running",
    round: {
      reference: { study: "lesions", round: 3, attempt: 1 },
      phase: "training",
      sites: [{ site: "city-hospital", state: "working", lastMessage: NOW - 2 * MINUTE }],
      waitingFor: ["city-hospital"],
      reason: "training",
      deadline: NOW + 8 * MINUTE,
      startedAt: 0,
      phaseSince: 0,
      ...round,
    },
  });
}

describe("the line at the head of a study", () => {
  test("says who is waited for, since when and until when", () => {
    expect(nowLine(running({}), NOW)).toBe(
      "Now: round 3 of 8, training at the sites, waiting for city-hospital (silent for 2 min, counted as gone in 8 min unless heard).",
    );
  });

  test("with several sites it speaks of no one's silence, with none it waits for nobody", () => {
    expect(nowLine(running({ waitingFor: ["city-hospital", "university"] }), NOW)).not.toContain("silent");
    expect(nowLine(running({ waitingFor: [], deadline: null }), NOW)).toBe("Now: round 3 of 8, training at the sites.");
  });

  test("names a repeated attempt, and the pause before it", () => {
    const round = {
      reference: { study: "lesions", round: 3, attempt: 2 },
      phase: "recruiting",
      reason: "pause-before-retry",
    };
    expect(nowLine(running({ ...round, deadline: NOW + 10_000 }), NOW)).toBe(
      "Now: round 3 of 8, attempt 2, gathering the sites. A short pause before the sites are asked again, at most 10 s more.",
    );
  });

  test("a deadline that has passed is never in the past", () => {
    expect(nowLine(running({ deadline: NOW - 1 }), NOW)).toContain("about to be counted as gone");
  });

  test("who has not approved yet is named", () => {
    const study = aStudy({
      status: "enrolling",
      waiting: { reason: "waiting-for-approvals", sites: ["university"], deadline: null },
    });
    expect(nowLine(study, NOW)).toBe("Offered to its sites: 2 of 3 needed approvals. Missing: university.");
    expect(waitingWords(study, NOW)).toBe("Waiting for the approval of university.");
  });

  test("a pause by hand and one with a reason read differently", () => {
    expect(nowLine(aStudy({ status: "paused", reason: null }), NOW)).toMatch(/^Paused by the study lead\. /);
    expect(nowLine(aStudy({ status: "paused", reason: "NO_ROSTER" }), NOW)).toContain(sentence("NO_ROSTER"));
  });
});

test("every code is a sentence, and one that is not known is shown as it is", () => {
  for (const code of knownCodes) expect(sentence(code)).toMatch(/^[A-Z].*[.?]$/);
  expect(sentence("SOMETHING_NEW")).toBe("Reason: SOMETHING_NEW.");
});

test("the stepper knows every phase in which sites answer", () => {
  for (const phase of PHASES) {
    expect(
      stepper(phase)
        .filter(({ state }) => state === "now")
        .map(({ id }) => id),
    ).toEqual([phase]);
    expect(phaseWords(phase)).not.toBe(phase);
  }
  expect(stepper("completed").every(({ state }) => state === "done")).toBe(true);
});

function record(changes: Partial<AuditRecord>): AuditRecord {
  return {
    seq: 1,
    at: 0,
    actor: "coordinator",
    action: "x",
    study: null,
    site: null,
    details: {},
    previous: "",
    hash: "",
    ...changes,
  };
}

describe("audit records", () => {
  test("every action that the coordinator records has a sentence", () => {
    expect([...AUDIT_ACTIONS].filter((action) => !knownActions.includes(action))).toEqual([]);
  });

  test("are sentences with their study, site and reason", () => {
    expect(auditSentence(record({ action: "site.approved", site: "st-mary" }))).toBe("Approved st-mary.");
    expect(auditSentence(record({ action: "study.approved", site: "st-mary", study: "lesions" }))).toBe(
      "st-mary approved study lesions.",
    );
    expect(
      auditSentence(
        record({ action: "round.aborted", study: "lesions", details: { round: 2, attempt: 3, code: "SILENT" } }),
      ),
    ).toBe(`Round 2 (attempt 3) of study lesions came to nothing: ${sentence("SILENT")}`);
    expect(auditSentence(record({ action: "moon.landed", study: "lesions" }))).toBe("moon.landed: study lesions");
  });

  test("say who did it", () => {
    expect(actorWords("admin:12ab")).toBe("Administrator (token 12ab)");
    expect(actorWords("site:st-mary")).toBe("Site st-mary");
    expect(actorWords("lead")).toBe("Study lead");
    expect(actorWords("somebody")).toBe("somebody");
  });
});
