import { receiptProblem, roundCompletedDetails, roundCompletedSchema } from "@fedbaps/coordinator/audit/receipts.js";
import { auditDetailsSchema } from "@fedbaps/coordinator/audit/record.js";
import type { SecAggPhase } from "@fedbaps/core/secagg/server.js";
import { simulate } from "@fedbaps/core/secagg/simulate.js";
import type { UnmaskRequest } from "@fedbaps/core/wire/secagg-messages.js";
import { expect, it } from "@jest/globals";
import { makeInputs, seededBytes, siteNames } from "../../protocol/parties.js";

const sites = siteNames(7);

/** The details of a whole round over seven sites, as they come back out of JSON. */
async function roundWith(dropouts: ReadonlyMap<string, SecAggPhase>) {
  const { cohort, survivors, transcript } = await simulate({
    sites,
    threshold: 5,
    minSurvivors: 5,
    inputs: makeInputs(sites, 3),
    dropouts,
    random: seededBytes(3),
  });
  const message = transcript.find(({ kind }) => kind === "unmaskRequest");
  const details = roundCompletedDetails({
    cohort,
    survivors,
    dropOuts: [...dropouts].map(([site, phase]) => ({ site, phase, code: "SILENT" })),
    request: message?.body as UnmaskRequest,
    sumSha256: "ab".repeat(32),
  });
  return JSON.parse(JSON.stringify(details));
}

it.each<[string, [string, SecAggPhase][], number]>([
  ["everybody", [], 7],
  ["all but one that sent no vector", [[sites[2], "maskedInput"]], 6],
  ["all but one that was gone before it dealt shares", [[sites[2], "shareKeys"]], 6],
  ["all but one whose vector is in the sum, but who did not sign", [[sites[6], "consistency"]], 6],
  ["all, one of whom did not answer afterwards", [[sites[0], "unmask"]], 7],
])("holds the receipts of %s", async (_, dropouts, receipts) => {
  const details = await roundWith(new Map(dropouts));
  expect(auditDetailsSchema.safeParse(details).success).toBe(true);
  const parsed = roundCompletedSchema.parse(details);
  expect(parsed.receipts).toHaveLength(receipts);
  expect(receiptProblem("simulation", parsed)).toBeUndefined();
  expect(receiptProblem("another", parsed)).toMatch(/another study/);
  expect(receiptProblem("simulation", { ...parsed, receipts: parsed.receipts.slice(0, 4) })).toMatch(/4 receipts/);
});
