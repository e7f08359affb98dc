import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { amountSchema, hashSchema, nextSchema, pageQuery, timeSchema } from "./common.js";
import { answer, body } from "./registry.js";
import { attemptSchema, roundSchema, siteDiceSchema, siteInStudySchema, siteReportViewSchema } from "./study-parts.js";

export const STUDY_STATUSES = ["draft", "enrolling", "running", "paused", "completed", "aborted"] as const;
export const studyStatusSchema = z.enum(STUDY_STATUSES);
export const studiesQuery = pageQuery.extend({ status: studyStatusSchema.optional() });

/** What is taken: fields that are left out get their defaults. */
export const studyBodySchema = body("StudySpec", studySpecSchema);
/** The new name, and whatever else shall differ; checked as a whole study after that. */
export const cloneSchema = body(
  "StudyClone",
  z.looseObject({ name: nameSchema }).describe("the new study's name, and every field that shall differ"),
);

export const waitingSchema = answer(
  "Waiting",
  z.object({
    reason: z.string().describe("a code such as waiting-for-approvals"),
    sites: z.array(nameSchema).describe("who is waited for"),
    deadline: timeSchema.nullable().describe("when the wait ends by itself; null: when they come"),
  }),
);

const row = z.object({
  name: nameSchema,
  title: z.string().nullable(),
  status: studyStatusSchema,
  reason: z.string().nullable().describe("why it is paused or aborted: a code"),
  completed: amountSchema.describe("completed rounds"),
  rounds: amountSchema.describe("planned rounds"),
  hash: hashSchema.describe("what sites approve"),
  createdAt: timeSchema,
});
export const studySummarySchema = answer("Study", row);
export const createdStudySchema = answer("CreatedStudy", row.extend({ warnings: z.array(z.string()) }));
export const studiesSchema = answer(
  "Studies",
  z.object({ studies: z.array(row.extend({ waiting: waitingSchema.nullable() })), next: nextSchema }),
);

export const studyDetailSchema = answer(
  "StudyDetail",
  row.extend({
    spec: studySpecSchema,
    waiting: waitingSchema.nullable(),
    driver: z.string().nullable().describe("the replica that drives it"),
    round: roundSchema.nullable().describe("the open attempt"),
    rounds: z.array(attemptSchema).describe("all attempts; spec.rounds says how many rounds are planned"),
    sites: z.array(siteInStudySchema),
    siteDice: z.array(siteDiceSchema),
    reports: z.array(siteReportViewSchema),
    traffic: z.object({ bytesUp: amountSchema, bytesDown: amountSchema }),
  }),
);
export type StudyDetail = z.infer<typeof studyDetailSchema>;

const blob = z.object({
  bytes: amountSchema,
  sha256: hashSchema,
  head: z.base64().describe("the first 48 bytes: little-endian 32-bit ring elements"),
});
export const seenSchema = answer(
  "Seen",
  z.object({
    round: amountSchema,
    attempt: amountSchema,
    at: timeSchema,
    sealed: z.boolean(),
    vectorLength: amountSchema,
    inputs: z.array(blob.extend({ site: nameSchema })),
    sum: blob,
  }),
);
