import { z } from "zod";
import { epochDealSchema, epochShareSchema } from "./epoch.js";
import {
  codeSchema,
  countSchema,
  digestSchema,
  nameSchema,
  PROTOCOL_VERSION,
  publicKeySchema,
  signatureSchema,
} from "./primitives.js";
import {
  cohortSchema,
  keyAdvertisementSchema,
  revealedShareSchema,
  roundReferenceSchema,
  sealedSharesSchema,
  survivorSignatureSchema,
  unmaskRequestSchema,
} from "./secagg-messages.js";
import { studySpecSchema } from "./study.js";

const binary = z.instanceof(Uint8Array);

// --- first contact -----------------------------------------------------------------------------------------------

/** Coordinator -> agent, on every connection. */
export const challengeSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  coordinator: publicKeySchema,
  nonce: publicKeySchema,
});
export type Challenge = z.infer<typeof challengeSchema>;

/** Agent -> coordinator: the answer to a challenge, by the transcript of `authTranscript`. */
export const authSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  site: nameSchema,
  signature: signatureSchema,
});
export type Auth = z.infer<typeof authSchema>;

/** Agent -> coordinator over HTTP: a one-time invite code turned into a membership that waits for approval. */
export const enrolRequestSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  code: z.string().min(8).max(128),
  site: nameSchema,
  signKey: publicKeySchema,
  boxKey: publicKeySchema,
  /** Over `enrolTranscript`: shows that the site holds the secret key. */
  signature: signatureSchema,
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

// --- coordinator -> agent ------------------------------------------------------------------------------------------

/** The studies that name this site. The agent shows them and takes part only in those that it has approved. */
export const studyOfferSchema = z.strictObject({ spec: studySpecSchema, hash: digestSchema });
export type StudyOffer = z.infer<typeof studyOfferSchema>;

/**
 * What the coordinator wants from one site now. Instructions follow from the round's stored state, so one that was lost
 * is sent again on reconnect, and answering it twice is harmless.
 */
export const instructionSchema = z.discriminatedUnion("phase", [
  /** Is the site ready for this round, under this roster? Where there is no key to seal its sum yet, make one. */
  z.strictObject({
    phase: z.literal("recruiting"),
    reference: roundReferenceSchema,
    studyHash: digestSchema,
    rosterHash: digestSchema,
    makeEpoch: z.boolean(),
  }),
  /** Train from the model after `version` completed rounds; the agent fetches the sums that it lacks. */
  z.strictObject({
    phase: z.literal("training"),
    reference: roundReferenceSchema,
    studyHash: digestSchema,
    version: countSchema,
  }),
  /** `epoch`: the site's box of the key that `cohort.seal` names. */
  z.strictObject({ phase: z.literal("advertiseKeys"), cohort: cohortSchema, epoch: epochShareSchema.nullable() }),
  z.strictObject({
    phase: z.literal("shareKeys"),
    reference: roundReferenceSchema,
    advertisements: z.array(keyAdvertisementSchema).max(200),
  }),
  z.strictObject({
    phase: z.literal("maskedInput"),
    reference: roundReferenceSchema,
    shares: z.array(sealedSharesSchema).max(200),
  }),
  z.strictObject({
    phase: z.literal("consistency"),
    reference: roundReferenceSchema,
    survivors: z.array(nameSchema).max(200),
  }),
  z.strictObject({ phase: z.literal("unmask"), reference: roundReferenceSchema, request: unmaskRequestSchema }),
  /** All rounds are done: choose the best version, measure on the test split, report. */
  z.strictObject({ phase: z.literal("report"), study: nameSchema, studyHash: digestSchema, version: countSchema }),
  /** Nothing to do for this study until the next instruction; `reason` is a code, for the agent's own display. */
  z.strictObject({
    phase: z.literal("wait"),
    study: nameSchema,
    reason: z.enum(["round-aborted", "waiting-for-sites", "paused", "completed", "aborted"]),
  }),
]);
export type Instruction = z.infer<typeof instructionSchema>;
export type InstructionPhase = Instruction["phase"];

// --- agent -> coordinator ------------------------------------------------------------------------------------------

/** Progress while training: says that the site is alive; no figure here depends on an image. */
export const progressSchema = z.strictObject({
  reference: roundReferenceSchema,
  stepsDone: countSchema,
  stepsPlanned: countSchema,
  queries: countSchema,
});
export type Progress = z.infer<typeof progressSchema>;

const unit = z.number().min(0).max(1);

/** Dice on a site's own validation images: of the version that it trained from, and of the plain black box. */
export const siteDiceSchema = z.strictObject({ valDice: unit, zeroShotValDice: unit });
export type SiteDice = z.infer<typeof siteDiceSchema>;

/** A site's answer to an instruction. */
export const replySchema = z.discriminatedUnion("phase", [
  z.strictObject({
    phase: z.literal("recruiting"),
    reference: roundReferenceSchema,
    ready: z.literal(true),
    /** Where the coordinator asked for a key. It keeps the first that comes. */
    epoch: epochDealSchema.optional(),
  }),
  /** `queries`: of the site in this study so far. `dice`: only where the site's policy lets its own figures leave. */
  z.strictObject({
    phase: z.literal("training"),
    reference: roundReferenceSchema,
    queries: countSchema,
    dice: siteDiceSchema.optional(),
  }),
  z.strictObject({
    phase: z.literal("advertiseKeys"),
    reference: roundReferenceSchema,
    advertisement: keyAdvertisementSchema,
  }),
  z.strictObject({
    phase: z.literal("shareKeys"),
    reference: roundReferenceSchema,
    shares: z.array(sealedSharesSchema).max(200),
  }),
  /** `vector`: 4 x length bytes, little-endian 32-bit ring elements. */
  z.strictObject({ phase: z.literal("maskedInput"), reference: roundReferenceSchema, vector: binary }),
  z.strictObject({
    phase: z.literal("consistency"),
    reference: roundReferenceSchema,
    signature: survivorSignatureSchema,
  }),
  z.strictObject({
    phase: z.literal("unmask"),
    reference: roundReferenceSchema,
    shares: z.array(revealedShareSchema).max(400),
  }),
]);
export type Reply = z.infer<typeof replySchema>;
export type ReplyPhase = Reply["phase"];

/** A site's final report. Every field but `deployed` and `queries` is there only if the site's policy lets it leave. */
export const siteReportSchema = z.strictObject({
  study: nameSchema,
  deployed: z.boolean(),
  queries: countSchema,
  blackboxSeconds: z.number().min(0),
  version: countSchema,
  images: z.strictObject({ train: countSchema, val: countSchema, test: countSchema }).optional(),
  zeroShotDice: unit.optional(),
  adaptedDice: unit.optional(),
});
export type SiteReport = z.infer<typeof siteReportSchema>;

/** Why a site cannot go on: a code and a stage, never free text. */
export const failureSchema = z.strictObject({
  study: nameSchema,
  stage: z.enum(["recruiting", "training", "secagg", "report"]),
  code: codeSchema,
});
export type Failure = z.infer<typeof failureSchema>;

/** Agent -> coordinator: the sums of completed rounds after `after`. */
export const historyRequestSchema = z.strictObject({ study: nameSchema, after: countSchema });
export type HistoryRequest = z.infer<typeof historyRequestSchema>;

/** One completed round: who is in the sum, and the sum itself (4 x length bytes, ring elements). */
export const roundSumSchema = z.strictObject({
  round: countSchema,
  attempt: countSchema,
  survivors: z.array(nameSchema).min(1).max(200),
  cohortSize: countSchema,
  /** The id of the epoch's key by which it is sealed; null where it is not. */
  seal: digestSchema.nullable(),
  sum: binary,
});
export type RoundSum = z.infer<typeof roundSumSchema>;

/** At most so many sums in one answer; the agent asks again until it has all. */
export const historyPageSchema = z.strictObject({
  sums: z.array(roundSumSchema),
  /** The asking site's boxes of the keys that seal these sums. */
  epochs: z.array(epochShareSchema).max(1000),
  more: z.boolean(),
});
export type HistoryPage = z.infer<typeof historyPageSchema>;

/** The acknowledgement of every agent message. */
export const acknowledgementSchema = z.union([
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), code: codeSchema }),
]);
export type Acknowledgement = z.infer<typeof acknowledgementSchema>;
