import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { auditHeadSchema } from "../../audit/record.js";
import { amountSchema, MAX_LIMIT, queryNumber, timeSchema } from "./common.js";
import { answer } from "./registry.js";

export const auditQuery = z.strictObject({
  after: queryNumber(0, Number.MAX_SAFE_INTEGER).optional().describe("records after this number"),
  limit: queryNumber(1, MAX_LIMIT).optional(),
  study: nameSchema.optional(),
});

export const auditRecordSchema = answer(
  "AuditRecord",
  z.object({
    seq: amountSchema,
    at: timeSchema,
    actor: z.string(),
    action: z.string(),
    study: z.string().nullable(),
    site: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    previous: z.string().describe("the hash of the record before"),
    hash: z.string(),
  }),
);
/** Signed: whoever keeps one can show later that records were cut off. */
export const auditHeadAnswer = answer("AuditHead", auditHeadSchema);

export const auditPageSchema = answer(
  "AuditPage",
  z.object({
    records: z.array(auditRecordSchema),
    next: amountSchema.nullable().describe("`after` of the next page; null at the end"),
    head: auditHeadAnswer,
  }),
);
export const auditVerdictSchema = answer(
  "AuditVerdict",
  z.object({
    ok: z.boolean(),
    records: amountSchema,
    head: auditHeadAnswer.nullable(),
    problem: z.object({ seq: amountSchema, code: z.string(), message: z.string() }).nullable(),
  }),
);
