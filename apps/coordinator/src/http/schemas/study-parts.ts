import { siteReportSchema } from "@fedbaps/core/wire/messages.js";
import { codeSchema, nameSchema } from "@fedbaps/core/wire/primitives.js";
import { roundReferenceSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { z } from "zod";
import { amountSchema, timeSchema } from "./common.js";
import { answer } from "./registry.js";

export const phaseSchema = z.enum([
  "recruiting",
  "training",
  "advertiseKeys",
  "shareKeys",
  "maskedInput",
  "consistency",
  "unmask",
  "completed",
  "aborted",
]);
const siteStateSchema = z.enum(["missing", "ready", "working", "answered", "dropped"]);
const diceSchema = z.number().min(0).max(1);

/** The open attempt at a round. */
export const roundSchema = answer(
  "Round",
  z.object({
    reference: roundReferenceSchema,
    phase: phaseSchema,
    sites: z.array(
      z.object({
        site: nameSchema,
        state: siteStateSchema,
        lastMessage: timeSchema.nullable(),
        reason: z.string().optional(),
        stepsDone: amountSchema.optional(),
        stepsPlanned: amountSchema.optional(),
        queries: amountSchema.optional(),
      }),
    ),
    waitingFor: z.array(nameSchema),
    reason: z.string().nullable(),
    deadline: timeSchema.nullable(),
    startedAt: timeSchema,
    phaseSince: timeSchema,
  }),
);

/** One attempt at one round, as stored. */
export const attemptSchema = answer(
  "Attempt",
  z.object({
    round: amountSchema,
    attempt: amountSchema,
    phase: phaseSchema,
    startedAt: timeSchema,
    endedAt: timeSchema.nullable(),
    code: codeSchema.nullable().describe("why it was aborted"),
    cohort: z.array(nameSchema).nullable().describe("who took part, frozen when the keys were asked for"),
    survivors: z.array(nameSchema).nullable().describe("who is in the sum"),
    dropOuts: z.array(z.object({ site: nameSchema, phase: phaseSchema, code: z.string(), at: timeSchema })),
    metrics: z
      .record(z.string(), z.number())
      .nullable()
      .describe(
        "of the cohort: images, valDice (of the version that the round began with), zeroShotValDice, trainLoss, as far as the sites give them",
      ),
  }),
);

export const siteInStudySchema = answer(
  "SiteInStudy",
  z.object({
    site: nameSchema,
    status: z.enum(["unknown", "invited", "pending", "approved", "revoked"]),
    approved: z.boolean().describe("whether the site has approved this study"),
    reported: z.boolean(),
    reportFailure: z.string().nullable(),
    connected: z.boolean(),
    lastMessage: timeSchema.nullable(),
    state: siteStateSchema.nullable().describe("in the open attempt"),
    reason: z.string().nullable(),
    stepsDone: amountSchema.nullable(),
    stepsPlanned: amountSchema.nullable(),
    queries: amountSchema.nullable().describe("black-box queries in this study so far"),
    bytesUp: amountSchema,
    bytesDown: amountSchema,
  }),
);

export const siteDiceSchema = z.object({
  round: amountSchema,
  site: nameSchema,
  valDice: diceSchema.nullable(),
  zeroShotValDice: diceSchema.nullable(),
});

export const siteReportViewSchema = answer("SiteReport", siteReportSchema.extend({ site: nameSchema }));
