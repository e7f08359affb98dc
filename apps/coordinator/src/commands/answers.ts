import { nameSchema, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { z } from "zod";

/** What the commands read of the API's answers; more fields may come with them, and pass through to `--json`. */
export const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const inviteAnswer = z.looseObject({
  site: z.string(),
  invite: z.string(),
  code: z.string(),
  expiresAt: z.number(),
  fingerprint: z.string(),
});

export const siteAnswer = z.looseObject({
  site: z.string(),
  status: z.string(),
  fingerprint: z.string().nullable(),
  connected: z.boolean(),
  lastMessage: z.number().nullable(),
});

export const rosterViewAnswer = z.looseObject({ signed: signedRosterSchema, hash: z.string(), words: z.string() });
export const rosterAnswer = z.looseObject({
  current: rosterViewAnswer.nullable(),
  candidates: z.array(z.looseObject({ site: nameSchema, signKey: publicKeySchema, boxKey: publicKeySchema })),
});

export const studyAnswer = z.looseObject({
  name: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  completed: z.number(),
  rounds: z.number(),
});
export const createdAnswer = studyAnswer.extend({ warnings: z.array(z.string()) });
const waitingAnswer = z.object({ reason: z.string(), sites: z.array(z.string()), deadline: z.number().nullable() });
export const studiesAnswer = z.looseObject({
  studies: z.array(studyAnswer.extend({ waiting: waitingAnswer.nullable() })),
  next: z.string().nullable(),
});

export const tokenAnswer = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
});
export const tokensAnswer = z.looseObject({ tokens: z.array(tokenAnswer) });
export const madeTokenAnswer = tokenAnswer.extend({ token: z.string() });

export const studyDetailAnswer = z.looseObject({
  name: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  completed: z.number(),
  waiting: waitingAnswer.nullable(),
  spec: z.looseObject({ rounds: z.number() }),
  driver: z.string().nullable(),
  round: z
    .looseObject({ reference: z.looseObject({ round: z.number(), attempt: z.number() }), phase: z.string() })
    .nullable(),
  rounds: z.array(
    z.looseObject({
      round: z.number(),
      attempt: z.number(),
      phase: z.string(),
      code: z.string().nullable(),
      survivors: z.array(z.string()).nullable(),
      dropOuts: z.array(z.looseObject({ site: z.string(), code: z.string() })),
      metrics: z.record(z.string(), z.number()).nullable(),
    }),
  ),
  sites: z.array(
    z.looseObject({
      site: z.string(),
      status: z.string(),
      approved: z.boolean(),
      reported: z.boolean(),
      reportFailure: z.string().nullable(),
      connected: z.boolean(),
      lastMessage: z.number().nullable(),
      state: z.string().nullable(),
    }),
  ),
});
export type StudyDetail = z.infer<typeof studyDetailAnswer>;
