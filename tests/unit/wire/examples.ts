// One valid example of everything that crosses the wire, and the tools to spoil it.
import * as messages from "@fedbaps/core/wire/messages.js";
import { studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import type { z } from "zod";

const bytes = (count: number, fill = 7) => Buffer.alloc(count, fill).toString("base64");
export const key = bytes(32);
export const signature = bytes(64);
export const digest = "0123456789abcdef".repeat(4);
export const box = bytes(100);
export const reference = { study: "polyps", round: 1, attempt: 2 };
const member = (site: string) => ({ site, signKey: key, boxKey: key });
export const cohort = {
  reference,
  studyHash: digest,
  rosterHash: digest,
  seal: digest,
  members: ["a", "b", "c"].map(member),
  threshold: 3,
  minSurvivors: 3,
  length: 177,
};
export const advertisement = { site: "a", shareKey: key, maskKey: key, signature };
export const sealed = { from: "a", to: "b", box };
const dealt = { studyHash: digest, rosterHash: digest, keyId: digest, maker: "a", signature };
const deal = { ...dealt, boxes: ["a", "b", "c"].map((site) => ({ site, box })) };
const share = { ...dealt, boxes: ["a", "b", "c"].map((site) => ({ site, hash: digest })), box };
const study = studySpecSchema.parse({ name: "polyps", participation: { sites: ["a", "b", "c"] } });

const instructions = [
  { phase: "recruiting", reference, studyHash: digest, rosterHash: digest, makeEpoch: true },
  { phase: "training", reference, studyHash: digest, version: 0 },
  { phase: "advertiseKeys", cohort, epoch: share },
  { phase: "shareKeys", reference, advertisements: [advertisement] },
  { phase: "maskedInput", reference, shares: [sealed] },
  { phase: "consistency", reference, survivors: ["a", "b"] },
  {
    phase: "unmask",
    reference,
    request: { survivors: ["a", "b"], dropped: ["c"], signatures: [{ site: "a", signature }] },
  },
  { phase: "report", study: "polyps", studyHash: digest, version: 4 },
  { phase: "wait", study: "polyps", reason: "round-aborted" },
];

const replies = [
  { phase: "recruiting", reference, ready: true, epoch: deal },
  { phase: "training", reference, queries: 400 },
  { phase: "training", reference, queries: 400, dice: { valDice: 0.7, zeroShotValDice: 0.6 } },
  { phase: "advertiseKeys", reference, advertisement },
  { phase: "shareKeys", reference, shares: [sealed] },
  { phase: "maskedInput", reference, vector: Uint8Array.of(1, 2, 3, 4) },
  { phase: "consistency", reference, signature: { site: "a", signature } },
  { phase: "unmask", reference, shares: [{ site: "b", kind: "selfMask", share: box }] },
];

const report = { study: "polyps", deployed: true, queries: 1200, blackboxSeconds: 12.5, version: 4 };
const reportInFull = { ...report, images: { train: 9, val: 3, test: 3 }, zeroShotDice: 0.4, adaptedDice: 1 };

export type Example = readonly [name: string, schema: z.ZodType, message: Record<string, unknown>];

export const examples: readonly Example[] = [
  ["challenge", messages.challengeSchema, { protocol: 3, coordinator: key, nonce: key }],
  ["auth", messages.authSchema, { protocol: 3, site: "a", signature }],
  [
    "enrolment",
    messages.enrolRequestSchema,
    { protocol: 3, code: "ABCD-EFGH", site: "a", signKey: key, boxKey: key, signature },
  ],
  ["study offer", messages.studyOfferSchema, { spec: study, hash: studyHash(study) }],
  ...instructions.map((message): Example => [`instruction ${message.phase}`, messages.instructionSchema, message]),
  ["progress", messages.progressSchema, { reference, stepsDone: 1, stepsPlanned: 20, queries: 16 }],
  ...replies.map((message): Example => [`reply ${message.phase}`, messages.replySchema, message]),
  ["report", messages.siteReportSchema, report],
  ["report in full", messages.siteReportSchema, reportInFull],
  ["failure", messages.failureSchema, { study: "polyps", stage: "training", code: "BUDGET_EXHAUSTED" }],
  ["history request", messages.historyRequestSchema, { study: "polyps", after: 0 }],
  [
    "history page",
    messages.historyPageSchema,
    {
      sums: [{ round: 1, attempt: 1, survivors: ["a"], cohortSize: 3, seal: digest, sum: Uint8Array.of(0) }],
      epochs: [share],
      more: false,
    },
  ],
  ["acknowledgement", messages.acknowledgementSchema, { ok: true }],
  ["refusal", messages.acknowledgementSchema, { ok: false, code: "ROUND_OVER" }],
];

export type Path = readonly (string | number)[];

/** The paths of all values in a message, itself (the empty path) first. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [path];
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value);
  return [path, ...entries.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

export function valueAt(message: unknown, path: Path): unknown {
  return path.reduce((value, key) => (value as Record<string | number, unknown>)[key], message);
}

/** A copy with another value in one place. */
export function withValue(message: unknown, path: Path, value: unknown): unknown {
  if (path.length === 0) return value;
  const copy = structuredClone(message);
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  parent[path[path.length - 1]] = value;
  return copy;
}

/** A copy without one field. */
export function without(message: unknown, path: Path): unknown {
  const copy = structuredClone(message);
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  delete parent[path[path.length - 1]];
  return copy;
}
