import { nameSchema, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import { z } from "zod";
import { hashSchema } from "./common.js";
import { answer, body } from "./registry.js";

export const newRosterSchema = body("SignedRoster", signedRosterSchema);

export const rosterViewSchema = answer(
  "RosterVersion",
  z.object({
    signed: signedRosterSchema,
    hash: hashSchema,
    words: z.string().describe("what sites compare by telephone"),
    lead: z.string().describe("the study lead's key, in words"),
  }),
);
export const rosterSchema = answer(
  "Roster",
  z.object({
    current: rosterViewSchema.nullable(),
    candidates: z
      .array(z.object({ site: nameSchema, signKey: publicKeySchema, boxKey: publicKeySchema, words: z.string() }))
      .describe("the approved sites, which the next version would name"),
  }),
);
