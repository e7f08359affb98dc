import { laterLatency } from "@fedbaps/core/blackbox/latency.js";
import type { MeterState } from "@fedbaps/core/blackbox/metered.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { siteReportSchema } from "@fedbaps/core/wire/messages.js";
import { digestSchema, nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";

const count = z.number().int().min(0);

export const meterSchema = z.strictObject({
  train: count,
  validate: count,
  report: count,
  seconds: z.number().min(0),
  // A journal of an earlier version does not have these.
  failures: count.default(0),
  latency: z.record(z.string(), count).default({}),
});

export const scoresSchema = z
  .array(z.strictObject({ id: count, dice: z.number(), iou: z.number(), hd95: z.number().nullish() }))
  .transform((scores) => scores.map(({ hd95, ...score }): ImageScore => (hd95 == null ? score : { ...score, hd95 })));

/** What the journal of one study holds, in the order in which it happened. */
export const recordSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("opened"), study: nameSchema, hash: digestSchema }),
  /** What the study is trained on here: another folder or black box would make its scores worthless. */
  z.strictObject({
    kind: z.literal("material"),
    train: count,
    val: count,
    test: count,
    blackbox: z.string(),
    /** Of the sorted names of each part; absent in a journal of an earlier version. */
    names: z.strictObject({ train: digestSchema, val: digestSchema, test: digestSchema }).optional(),
  }),
  /** Scores on the validation list; version 0 is zero-shot. */
  z.strictObject({ kind: z.literal("validated"), version: count, scores: scoresSchema, meter: meterSchema }),
  /** A round's training is done and its update is stored. */
  z.strictObject({ kind: z.literal("trained"), round: count, steps: count, meter: meterSchema }),
  /** A part of the site's own fine-tuning is done. */
  z.strictObject({ kind: z.literal("tuned"), version: count, steps: count, meter: meterSchema }),
  /** Written before any share of another site's secret leaves. */
  z.strictObject({
    kind: z.literal("revealed"),
    round: count,
    attempt: count,
    survivors: z.array(nameSchema),
    dropped: z.array(nameSchema),
  }),
  /** Scores on the test split. */
  z.strictObject({
    kind: z.literal("measured"),
    subject: z.enum(["zero-shot", "adapted"]),
    scores: scoresSchema,
    meter: meterSchema,
  }),
  /** Queries that bought nothing: of a step that was cut off. */
  z.strictObject({ kind: z.literal("spent"), meter: meterSchema }),
  z.strictObject({ kind: z.literal("reported"), report: siteReportSchema }),
  z.strictObject({ kind: z.literal("acknowledged") }),
]);
export type StudyRecord = z.infer<typeof recordSchema>;
export type RecordOf<K extends StudyRecord["kind"]> = Extract<StudyRecord, { kind: K }>;

/** The later of two readings: counts only ever grow. */
export function laterMeter(a: MeterState, b: MeterState): MeterState {
  return {
    train: Math.max(a.train, b.train),
    validate: Math.max(a.validate, b.validate),
    report: Math.max(a.report, b.report),
    seconds: Math.max(a.seconds, b.seconds),
    failures: Math.max(a.failures, b.failures),
    latency: laterLatency(a.latency, b.latency),
  };
}
