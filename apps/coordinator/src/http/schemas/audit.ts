import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { amountSchema, MAX_LIMIT, nextSchema, queryNumber, timeSchema } from "./common.js";
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
const headSchema = z.object({ seq: amountSchema, hash: z.string() });

export const auditPageSchema = answer(
  "AuditPage",
  z.object({ records: z.array(auditRecordSchema), next: z.union([nextSchema, amountSchema]), head: headSchema }),
);
export const auditVerdictSchema = answer(
  "AuditVerdict",
  z.object({
    ok: z.boolean(),
    records: amountSchema,
    head: headSchema,
    problem: z.object({ seq: amountSchema, code: z.string(), message: z.string() }).nullable(),
  }),
);
